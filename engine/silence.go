package engine

import (
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// keepAlives is how often the app makes itself heard, at least, within the time
// after which a silent peer counts as gone.
const keepAlives = 3

// maxKeepAlive holds also for a patient app: many NATs forget a mapping that is
// not used for 30 s.
const maxKeepAlive = 20 * time.Second

// keepAlivePeriod is the time from packet to packet of an idle session.
func keepAlivePeriod(offlineAfter time.Duration) time.Duration {
	return min(offlineAfter/keepAlives, maxKeepAlive)
}

// silenceWatch calls gone when no packet has come for offlineAfter or a little
// less, by one look; half-way it calls doubt, since it may only be the path.
type silenceWatch struct {
	guard   panics.Guard
	period  time.Duration
	packets func() uint64
	doubt   func()
	gone    func()

	mu    sync.Mutex
	timer *time.Timer // nil once stopped
	last  uint64
	quiet int       // periods without a packet
	due   time.Time // the next look
}

// stoodStill is by how much a look is late after the process was stopped, as a debugger
// or a phone does it. One that is late for another reason costs a ping.
const stoodStill = time.Second

// silenceLooks is how many looks there are within offlineAfter: few enough that
// they cost an idle session nothing, and enough that a keep-alive may be late by
// a sixth of that time before a peer is in doubt.
const silenceLooks = 6

func watchSilence(guard panics.Guard, offlineAfter time.Duration, packets func() uint64, doubt, gone func()) *silenceWatch {
	// What the session does at its end must fit in, too.
	period := max(offlineAfter-silentTime, offlineAfter/2) / silenceLooks
	w := &silenceWatch{guard: guard, period: period, packets: packets, doubt: doubt, gone: gone, last: packets()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = guard.After(w.period, w.look)
	w.due = time.Now().Add(w.period)
	return w
}

func (w *silenceWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil {
		return
	}
	if time.Since(w.due) > stoodStill {
		w.doubt() // the process was stopped, and the peer may have given up meanwhile
	}
	w.due = time.Now().Add(w.period)
	if packets := w.packets(); packets != w.last {
		w.last, w.quiet = packets, 0
	} else {
		w.quiet++
	}
	switch w.quiet {
	case silenceLooks / 2:
		w.doubt()
	case silenceLooks - 1:
		w.timer = nil
		w.guard.Go(w.gone) // it stops this watch
		return
	}
	w.timer.Reset(w.period)
}

func (w *silenceWatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}
