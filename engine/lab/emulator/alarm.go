package emulator

import (
	"sync"
	"time"
)

// Alarm is a timer with one owner that waits and many that set it. Set and Close
// are never called at the same time; Wait runs beside them.
type Alarm interface {
	// Set makes Wait return after d, at once if d <= 0. It replaces an earlier Set.
	Set(d time.Duration)
	// Wait blocks until the alarm goes off, or until Close, and then returns false.
	// It may also return true without cause.
	Wait() bool
	// Close ends Wait for good. Set does nothing afterwards.
	Close()
}

// timerAlarm is the portable Alarm. On an idle Linux machine the runtime's timers
// are late by up to 1 ms, as epoll_wait counts in milliseconds.
type timerAlarm struct {
	timer  *time.Timer
	closed chan struct{}
	once   sync.Once
}

func newTimerAlarm() *timerAlarm {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &timerAlarm{timer: t, closed: make(chan struct{})}
}

func (a *timerAlarm) Set(d time.Duration) { a.timer.Reset(d) }

func (a *timerAlarm) Wait() bool {
	select {
	case <-a.timer.C:
		return true
	case <-a.closed:
		return false
	}
}

func (a *timerAlarm) Close() {
	a.once.Do(func() {
		a.timer.Stop()
		close(a.closed)
	})
}
