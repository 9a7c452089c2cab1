package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/patience"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// pathWatch notices that a session's path has died, long before the session
// would, and calls lost. A path works when packets of ours are answered on it: what
// comes says nothing of the way there, nor does the answer to a small packet where those of
// the size that QUIC needs are not answered. It has a timer only while bytes move: each period
// without a single answer makes it ping, and the second in a row decides. To be
// wrong is cheap: the search for another path finds the same one again.
//
//	       progress                no answer: ping
//	idle ───────────► looking ─────────────────────────► doubting ──► lost
//	  ▲                │   ▲                                │
//	  └────────────────┘   └────────────────────────────────┘
//	   no more progress                an answer
type pathWatch struct {
	guard    panics.Guard
	answered func() uint64        // packets of ours, so far
	unproven func() bool          // some of them show nothing yet: they were smaller than what waits for an answer
	rtt      func() time.Duration // now
	ping     func()
	lost     func(told bool) // called in a goroutine of its own; told: by the peer
	back     func()          // the same, when an answer comes after that; nil: nobody asks

	progress atomic.Bool // since the last look
	armed    atomic.Bool

	mu      sync.Mutex
	stopped bool
	timer   *time.Timer
	last    uint64
	before  time.Duration // round trip on the path before, until something is answered on the new one
	known   time.Duration // round trip when something was answered
	quiet   int           // looks in a row that found nothing answered
	turns   int           // of the pause before the next look that have passed: see package patience
}

const (
	lookInterval = 200 * time.Millisecond // at least, and two round trips
	mostBefore   = 3 * time.Second        // on a new path, whatever the one before was like
)

func newPathWatch(guard panics.Guard, answered func() uint64, unproven func() bool, rtt func() time.Duration, ping func(), lost func(told bool)) *pathWatch {
	w := &pathWatch{guard: guard, answered: answered, unproven: unproven, rtt: rtt, ping: ping, lost: lost}
	w.timer = guard.After(time.Hour, w.look)
	w.timer.Stop()
	return w
}

// touch is called whenever bytes have moved; it is cheap.
func (w *pathWatch) touch() {
	w.progress.Store(true)
	if w.armed.Load() || !w.armed.CompareAndSwap(false, true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.last, w.quiet = w.answered(), 0
		w.timer.Reset(w.interval())
	}
}

// doubt is called when the path may have died.
func (w *pathWatch) doubt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped && w.quiet == 0 {
		w.ask()
	}
}

// believe is called when the path has died as far as anybody can tell: the peer says that
// it gets no answers (told), or packets leave by another one now.
func (w *pathWatch) believe(told bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.ask()
		w.guard.Go(func() { w.lost(told) })
	}
}

// again calls lost once more while nothing is answered: something may help now.
func (w *pathWatch) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped && w.quiet > 0 {
		w.guard.Go(w.found)
	}
}

// found is what this side has found out by itself.
func (w *pathWatch) found() { w.lost(false) }

// ask needs the lock.
func (w *pathWatch) ask() {
	w.guard.Go(w.ping)
	w.expect()
}

// expect needs the lock.
func (w *pathWatch) expect() {
	w.armed.Store(true)
	w.last, w.quiet, w.turns = w.answered(), 1, 0
	w.timer.Reset(w.interval() / patience.Turns)
}

// interval believes that a new path is like the one before until it is known.
func (w *pathWatch) interval() time.Duration {
	return max(lookInterval, 2*w.rtt(), min(2*w.before, mostBefore))
}

// hasMoved is called when another path carries the session: it has all the time to answer.
func (w *pathWatch) hasMoved() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = w.known
	if !w.stopped && w.quiet > 0 {
		w.expect()
	}
}

func (w *pathWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	answered := w.answered()
	progress := w.progress.Swap(false)
	switch {
	case answered != w.last:
		if w.quiet > 1 && w.back != nil {
			w.guard.Go(w.back)
		}
		w.last, w.quiet = answered, 0
		w.before, w.known = 0, w.rtt()
		if !progress && !w.unproven() {
			w.armed.Store(false)
			// A touch between the two may have seen the watch armed.
			if !w.progress.Load() || !w.armed.CompareAndSwap(false, true) {
				return
			}
		}
	case w.doubts() && w.turns < patience.Turns-1:
		w.turns++
	default:
		w.turns = 0
		w.quiet++
		// Each time: after a long silence QUIC's own probes are far apart, and on a
		// path that works again a ping brings the first answer.
		w.guard.Go(w.ping) // it may block, and this must not
		if w.quiet > 1 && w.quiet&(w.quiet-1) == 0 {
			w.guard.Go(w.found) // at the second such look, and less and less often after
		}
	}
	pause := w.interval()
	if w.doubts() { // for an answer to the ping
		pause /= patience.Turns
	}
	w.timer.Reset(pause)
}

// doubts reports whether the next silence counts, and so is waited for in turns. Later it
// is known, and may last for hours.
func (w *pathWatch) doubts() bool { return w.quiet > 0 && w.quiet < 4 }

func (w *pathWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}
