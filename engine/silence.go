package engine

import (
	"sync"
	"time"
)

// keepAlives is how often the app makes itself heard within the time after
// which a silent peer counts as gone, and how often that is looked at.
const keepAlives = 3

// silenceWatch calls gone when no packet has come for so long that the peer
// must be gone: between two thirds and the whole of offlineAfter.
type silenceWatch struct {
	period  time.Duration
	packets func() uint64
	gone    func()

	mu    sync.Mutex
	timer *time.Timer // nil once stopped
	last  uint64
	quiet int // periods without a packet
}

func watchSilence(offlineAfter time.Duration, packets func() uint64, gone func()) *silenceWatch {
	w := &silenceWatch{period: offlineAfter / keepAlives, packets: packets, gone: gone, last: packets()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.period, w.look)
	return w
}

func (w *silenceWatch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer == nil {
		return
	}
	if packets := w.packets(); packets != w.last {
		w.last, w.quiet = packets, 0
	} else if w.quiet++; w.quiet == keepAlives-1 {
		w.timer = nil
		go w.gone() // it stops this watch
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
