package engine

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

func TestSilentPeerIsGoneInTime(t *testing.T) {
	const offlineAfter = 30 * time.Second
	for phase := time.Duration(0); phase < 10*time.Second; phase += 77 * time.Millisecond {
		bubble.Run(t, func(t *testing.T) {
			var packets atomic.Uint64
			gone := make(chan struct{})
			var doubted time.Time
			w := watchSilence(panics.Guard{}, offlineAfter, packets.Load, func() { doubted = time.Now() }, func() { close(gone) })
			defer w.stop()
			time.Sleep(phase)
			for range 10 {
				time.Sleep(10 * time.Second)
				packets.Add(1)
			}
			last := time.Now()
			<-gone
			quiet := time.Since(last)
			if quiet < offlineAfter*2/3 || quiet > offlineAfter-silentTime {
				t.Errorf("phase %v: gone after %v", phase, quiet)
			}
			if quiet := doubted.Sub(last); quiet < offlineAfter/3 || quiet > offlineAfter*2/3 {
				t.Errorf("phase %v: doubted after %v", phase, quiet)
			}
		})
	}
}

func TestPeerThatIsHeardNowAndThenStays(t *testing.T) {
	for _, offlineAfter := range []time.Duration{time.Second, 30 * time.Second, time.Hour} {
		bubble.Run(t, func(t *testing.T) {
			var packets atomic.Uint64
			never := func() { t.Errorf("with %v: doubted or gone", offlineAfter) }
			w := watchSilence(panics.Guard{}, offlineAfter, packets.Load, never, never)
			defer w.stop()
			for range 1000 {
				time.Sleep(keepAlivePeriod(offlineAfter))
				packets.Add(1)
			}
		})
	}
}

func TestStoppedSilenceWatchStaysStopped(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		never := func() { t.Error("doubted or gone") }
		w := watchSilence(panics.Guard{}, 30*time.Second, func() uint64 { return 0 }, never, never)
		time.Sleep(9 * time.Second)
		w.stop()
		w.stop()
		w.look() // a timer that was under way
		time.Sleep(time.Hour)
		synctest.Wait()
	})
}

func TestGoneIsCalledOnce(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		doubts, calls := 0, 0
		w := watchSilence(panics.Guard{}, 3*time.Second, func() uint64 { return 0 }, func() { doubts++ }, func() { calls++ })
		time.Sleep(time.Hour)
		synctest.Wait()
		w.stop()
		if doubts != 1 || calls != 1 {
			t.Errorf("%d doubts, %d calls", doubts, calls)
		}
	})
}

// A device may have a thousand idle sessions, each with a watch.
func TestWatchOfAnIdlePeerSeldomLooks(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		const offlineAfter = 30 * time.Second
		var packets atomic.Uint64
		looks := 0
		count := func() uint64 {
			looks++
			return packets.Load()
		}
		never := func() { t.Error("doubted or gone") }
		w := watchSilence(panics.Guard{}, offlineAfter, count, never, never)
		for range 60 {
			time.Sleep(keepAlivePeriod(offlineAfter))
			packets.Add(1)
		}
		w.stop()
		if most := 2*60 + 2; looks > most {
			t.Errorf("%d looks within 60 keep-alives, want %d at most", looks, most)
		}
	})
}
