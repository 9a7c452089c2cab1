// Package waitlist has what its users wait with while they hold a lock.
package waitlist

import (
	"sync"
	"time"
)

// List lets several goroutines wait for a change, each with its own
// timeout, without an allocation. The owner's mutex guards it.
type List struct{ waiters []*waiter }

type waiter struct {
	wake  chan struct{}
	timer *time.Timer
}

var waiters = newPool()

func newPool() *sync.Pool {
	return &sync.Pool{New: func() any {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return &waiter{make(chan struct{}, 1), t}
	}}
}

// Renew is for tests in fake time: what is made in one bubble is of no use in another.
func Renew() { waiters = newPool() }

// Wait releases mu until notify is called or the deadline passes, then takes
// mu again. The zero deadline never passes. It reports whether it was notified.
func (l *List) Wait(mu *sync.Mutex, deadline time.Time) bool {
	w := waiters.Get().(*waiter)
	l.waiters = append(l.waiters, w)
	mu.Unlock()
	notified := true
	if deadline.IsZero() {
		<-w.wake
	} else {
		w.timer.Reset(time.Until(deadline))
		select {
		case <-w.wake:
		case <-w.timer.C:
			notified = false
		}
		w.timer.Stop()
	}
	mu.Lock()
	if !notified {
		l.remove(w)
		select {
		case <-w.wake: // notified meanwhile
			notified = true
		default:
		}
	}
	waiters.Put(w)
	return notified
}

// Notify wakes all who wait.
func (l *List) Notify() {
	for _, w := range l.waiters {
		w.wake <- struct{}{}
	}
	clear(l.waiters)
	l.waiters = l.waiters[:0]
}

func (l *List) remove(w *waiter) {
	for i, other := range l.waiters {
		if other == w {
			l.waiters = append(l.waiters[:i], l.waiters[i+1:]...)
			return
		}
	}
}

// Past is a deadline that has passed. No fixed date will do: a clock that was
// never set starts in 1970.
func Past() time.Time { return time.Now().Add(-time.Second) }

// Deadline is the moment until which a call with this timeout may wait:
// negative means for ever, which is the zero time.
func Deadline(timeout time.Duration) time.Time {
	if timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(timeout)
}

// Unlocked runs f without the lock that the caller holds. It is held again when f
// has panicked, too: to unlock it twice would end the process, whoever recovers.
func Unlocked(mu *sync.Mutex, f func()) {
	mu.Unlock()
	defer mu.Lock()
	f()
}
