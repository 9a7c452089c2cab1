// Package patience waits for an answer as long as a process that runs would need, and longer
// in one that does not get the processor: there the answer waits for its turn as well, and
// what is done for want of it, such as to ask for a relay or to dial once more, would only
// make everything slower, up to where nothing gets done at all.
package patience

import (
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Turns is in how many parts a time is waited for. Each begins when this process has noticed
// that the one before is over, so each adds what it takes to get a turn here. An answer needs
// a few: to be read, to be handed on, to be understood, and the same at the peer, who may
// share the processor.
const Turns = 8

// Timer is a time.Timer with patience.
type Timer struct {
	C <-chan time.Time

	fired chan time.Time
	mu    sync.Mutex
	timer *time.Timer
	part  time.Duration
	due   time.Time // the end of this part
	left  int       // parts; 0: it does not run
}

// NewTimer returns one that does not run yet.
func NewTimer(guard panics.Guard) *Timer {
	fired := make(chan time.Time, 1)
	t := &Timer{C: fired, fired: fired}
	t.timer = guard.After(time.Hour, t.turn)
	t.timer.Stop()
	return t
}

func (t *Timer) turn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left == 0 {
		return
	}
	if early := time.Until(t.due); early > 0 { // it was to be stopped
		t.timer.Reset(early)
		return
	}
	if t.left--; t.left > 0 {
		t.begin()
		return
	}
	t.fired <- time.Now() // has room: who starts it anew has emptied it
}

// Reset makes it fire after d from now, and only then.
func (t *Timer) Reset(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.empty()
	t.part, t.left = d/Turns, Turns
	t.begin()
}

func (t *Timer) begin() {
	t.due = time.Now().Add(t.part)
	t.timer.Reset(t.part)
}

// Stop makes it not fire.
func (t *Timer) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.empty()
	t.left = 0
	t.timer.Stop()
}

func (t *Timer) empty() {
	select {
	case <-t.fired:
	default:
	}
}
