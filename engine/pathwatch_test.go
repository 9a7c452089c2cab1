package engine

import (
	"testing"
	"testing/synctest"
	"time"
)

// watched is a path whose packets the test makes. Its looks are counted, since
// each asks for the round-trip time.
type watched struct {
	*pathWatch
	received     uint64
	roundTrip    time.Duration
	looks        int
	pings, losts []time.Duration // since the start
	start        time.Time
}

func watchPath(t *testing.T) *watched {
	w := &watched{start: time.Now()}
	w.pathWatch = newPathWatch(
		func() uint64 { w.looks++; return w.received },
		func() time.Duration { return w.roundTrip },
		func() { w.pings = append(w.pings, time.Since(w.start)) },
		func() { w.losts = append(w.losts, time.Since(w.start)) },
	)
	t.Cleanup(w.stop)
	return w
}

func TestDeadPathIsPingedThenLost(t *testing.T) {
	for _, rtt := range []time.Duration{0, 40 * time.Millisecond, 300 * time.Millisecond} {
		inBubble(t, func(t *testing.T) {
			w := watchPath(t)
			w.roundTrip = rtt
			w.touch()
			look := max(lookInterval, 2*rtt)
			time.Sleep(look + look/2)
			synctest.Wait()
			if len(w.pings) != 1 || w.pings[0] != look || len(w.losts) != 0 {
				t.Fatalf("round trip %v: pings %v, lost %v, one look is %v", rtt, w.pings, w.losts, look)
			}
			time.Sleep(look)
			synctest.Wait()
			if len(w.losts) != 1 || w.losts[0] != 2*look {
				t.Fatalf("round trip %v: lost %v, one look is %v", rtt, w.losts, look)
			}
			time.Sleep(10 * look)
			synctest.Wait()
			if len(w.losts) < 4 || len(w.pings) != 1 {
				t.Errorf("it must go on to look for a path: %d pings, lost %v", len(w.pings), w.losts)
			}
		})
	}
}

func TestBusyPathIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := watchPath(t)
		for range 10_000 {
			w.touch()
			time.Sleep(lookInterval / 3)
			w.received++
		}
		if len(w.pings) != 0 || len(w.losts) != 0 {
			t.Errorf("pings %v, lost %v", w.pings, w.losts)
		}
	})
}

func TestAnsweredPingEndsTheDoubt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := watchPath(t)
		w.touch()
		time.Sleep(lookInterval + time.Millisecond)
		if len(w.pings) != 1 {
			t.Fatalf("pings %v", w.pings)
		}
		w.received++
		time.Sleep(time.Hour)
		if len(w.pings) != 1 || len(w.losts) != 0 {
			t.Errorf("pings %v, lost %v", w.pings, w.losts)
		}
	})
}

func TestIdlePathHasNoTimer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := watchPath(t)
		time.Sleep(time.Hour)
		if w.looks != 0 {
			t.Errorf("%d looks before anything moved", w.looks)
		}
		w.touch()
		w.received++ // the acknowledgement
		time.Sleep(time.Second)
		looks := w.looks
		time.Sleep(time.Hour)
		if w.looks != looks || len(w.pings) != 0 {
			t.Errorf("%d looks and %d pings in an idle hour", w.looks-looks, len(w.pings))
		}
		w.touch()
		time.Sleep(time.Second)
		if len(w.losts) == 0 {
			t.Error("it looks no more")
		}
	})
}

func TestDoubtPingsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := watchPath(t)
		w.doubt()
		synctest.Wait()
		if len(w.pings) != 1 || w.pings[0] != 0 {
			t.Errorf("pings %v", w.pings)
		}
		w.doubt() // once is enough
		time.Sleep(lookInterval)
		synctest.Wait()
		if len(w.pings) != 1 || len(w.losts) != 1 {
			t.Errorf("pings %v, lost %v", w.pings, w.losts)
		}
	})
}

func TestUnfoundedDoubtPasses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := watchPath(t)
		w.doubt()
		w.received++
		time.Sleep(time.Second)
		looks := w.looks
		time.Sleep(time.Hour)
		if len(w.losts) != 0 || w.looks != looks {
			t.Errorf("lost %v, %d looks", w.losts, w.looks-looks)
		}
	})
}

func TestStoppedPathWatchStaysStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := watchPath(t)
		w.touch()
		time.Sleep(lookInterval / 2)
		w.stop()
		w.stop()
		w.doubt()
		w.touch()
		w.look() // a timer that was under way
		time.Sleep(time.Hour)
		if len(w.pings) != 0 || len(w.losts) != 0 {
			t.Errorf("pings %v, lost %v", w.pings, w.losts)
		}
	})
}
