package rendezvous

import "time"

// leases are what a relay has granted, each for a time: so many at most.
type leases[K comparable] struct {
	most  int
	last  time.Duration
	until map[K]time.Time
}

// take grants one, or prolongs it, and reports whether there was room.
func (l *leases[K]) take(key K, now time.Time) bool {
	if _, known := l.until[key]; !known && len(l.until) >= l.most {
		for k, until := range l.until {
			if !now.Before(until) {
				delete(l.until, k)
			}
		}
		if len(l.until) >= l.most {
			return false
		}
	}
	if l.until == nil {
		l.until = make(map[K]time.Time)
	}
	l.until[key] = now.Add(l.last)
	return true
}

func (l *leases[K]) has(key K, now time.Time) bool { return now.Before(l.until[key]) }
