package engine

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// watched is a path whose packets the test makes.
type watched struct {
	*pathWatch
	doubtful bool // what is answered shows nothing yet
	start    time.Time

	mu       sync.Mutex
	answers  bool // to pings
	answered uint64
	seen
}

// seen is what a watch has done so far.
type seen struct {
	looks        int             // at the number of packets
	pings, losts []time.Duration // when, since the start
	told         []bool          // by the peer
}

func watchPath(t *testing.T, rtt time.Duration) *watched {
	w := &watched{start: time.Now()}
	w.pathWatch = newPathWatch(
		panics.Guard{},
		func() (packets uint64) {
			w.do(func() { w.looks++; packets = w.answered })
			return packets
		},
		func() (unproven bool) { w.do(func() { unproven = w.doubtful }); return unproven },
		func() time.Duration { return rtt },
		func() {
			w.do(func() {
				w.pings = append(w.pings, time.Since(w.start))
				if w.answers {
					w.answered++
				}
			})
		},
		func(told bool) {
			w.do(func() { w.losts, w.told = append(w.losts, time.Since(w.start)), append(w.told, told) })
		},
	)
	t.Cleanup(w.stop)
	return w
}

func (w *watched) do(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *watched) answer() { w.do(func() { w.answered++ }) }

// after returns what the watch has done once d has passed.
func (w *watched) after(d time.Duration) (s seen) {
	time.Sleep(d)
	synctest.Wait()
	w.do(func() { s = w.seen })
	return s
}

func TestDeadPathIsPingedThenLost(t *testing.T) {
	for _, rtt := range []time.Duration{0, 40 * time.Millisecond, 300 * time.Millisecond} {
		bubble.Run(t, func(t *testing.T) {
			w := watchPath(t, rtt)
			w.touch()
			look := max(lookInterval, 2*rtt)
			if s := w.after(look); len(s.pings) != 1 || s.pings[0] != look || len(s.losts) != 0 {
				t.Fatalf("round trip %v: pings %v, lost %v", rtt, s.pings, s.losts)
			}
			if s := w.after(look); len(s.losts) != 1 || s.losts[0] != 2*look {
				t.Fatalf("round trip %v: lost %v", rtt, s.losts)
			}
			if s := w.after(14 * look); len(s.losts) != 4 || len(s.pings) != 16 {
				t.Errorf("it must go on to look for a path, less and less often: pings %v, lost %v", s.pings, s.losts)
			}
		})
	}
}

func TestBusyPathIsLeftAlone(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		for range 10_000 {
			w.touch()
			time.Sleep(lookInterval / 3)
			w.answer()
		}
		if s := w.after(0); len(s.pings) != 0 || len(s.losts) != 0 {
			t.Errorf("pings %v, lost %v", s.pings, s.losts)
		}
	})
}

func TestAnsweredPingEndsTheDoubt(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.answers = true
		for range 10 {
			w.touch()
			time.Sleep(time.Minute)
		}
		if s := w.after(0); len(s.pings) != 10 || len(s.losts) != 0 {
			t.Errorf("pings %v, lost %v", s.pings, s.losts)
		}
	})
}

func TestIdlePathHasNoTimer(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.answers = true
		if s := w.after(time.Hour); s.looks != 0 {
			t.Errorf("%d looks before anything moved", s.looks)
		}
		w.touch()
		w.answer() // the acknowledgement
		before := w.after(time.Second)
		if s := w.after(time.Hour); s.looks != before.looks || len(s.pings) != len(before.pings) {
			t.Errorf("%d looks and %d pings in an idle hour", s.looks-before.looks, len(s.pings)-len(before.pings))
		}
		w.do(func() { w.answers = false })
		w.touch()
		if s := w.after(time.Second); len(s.losts) == 0 {
			t.Error("it looks no more")
		}
	})
}

// It goes on to look while only small packets are answered, though no bytes move any more.
func TestUnprovenPathIsLookedAt(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.doubtful = true
		w.touch()
		w.answer()
		if s := w.after(10 * lookInterval); len(s.losts) == 0 {
			t.Error("it looks no more, although what was answered shows nothing")
		}
		w.do(func() { w.doubtful = false })
		w.answer()
		before := w.after(2 * lookInterval)
		if s := w.after(time.Hour); s.looks != before.looks {
			t.Errorf("%d looks at an idle path that works", s.looks-before.looks)
		}
	})
}

func TestDoubtPingsAtOnce(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.doubt()
		if s := w.after(0); len(s.pings) != 1 {
			t.Errorf("pings %v", s.pings)
		}
		w.doubt() // once is enough
		if s := w.after(lookInterval); len(s.pings) != 2 || len(s.losts) != 1 {
			t.Errorf("pings %v, lost %v", s.pings, s.losts)
		}
	})
}

func TestUnfoundedDoubtPasses(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.answers = true
		w.doubt()
		before := w.after(time.Second)
		if s := w.after(time.Hour); len(s.losts) != 0 || s.looks != before.looks {
			t.Errorf("lost %v, %d looks", s.losts, s.looks-before.looks)
		}
	})
}

func TestStoppedPathWatchStaysStopped(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.touch()
		time.Sleep(lookInterval / 2)
		w.stop()
		w.stop()
		w.doubt()
		w.touch()
		w.look() // a timer that was under way
		if s := w.after(time.Hour); len(s.pings) != 0 || len(s.losts) != 0 {
			t.Errorf("pings %v, lost %v", s.pings, s.losts)
		}
	})
}

// What the peer says counts at once: it hears nothing, whatever comes from it.
func TestComplaintIsBelieved(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.believe(true)
		if s := w.after(0); len(s.pings) != 1 || len(s.losts) != 1 || !s.told[0] {
			t.Fatalf("pings %v, lost %v", s.pings, s.losts)
		}
		w.answer()
		if s := w.after(10 * lookInterval); len(s.losts) != 1 {
			t.Errorf("lost %v", s.losts)
		}
	})
}

// A server that is back may help a session that has lost its path, and no other.
func TestSearchAgain(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := watchPath(t, 0)
		w.again()
		if s := w.after(lookInterval); len(s.losts) != 0 {
			t.Fatalf("lost %v", s.losts)
		}
		w.touch()
		before := w.after(9 * lookInterval)
		w.again()
		if s := w.after(0); len(s.losts) != len(before.losts)+1 {
			t.Errorf("lost %v, and %v before", s.losts, before.losts)
		}
	})
}
