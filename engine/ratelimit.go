package engine

import (
	"sync"
	"time"
)

// rateLimit is a token bucket for offers.
type rateLimit struct {
	mu     sync.Mutex
	tokens float64
	last   time.Time
}

func (l *rateLimit) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.IsZero() {
		l.tokens = offersAtOnce
	} else {
		l.tokens = min(offersAtOnce, l.tokens+now.Sub(l.last).Seconds()*offersPerSecond)
	}
	l.last = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}
