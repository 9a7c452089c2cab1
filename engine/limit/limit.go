// Package limit bounds what strangers can make an endpoint do and remember.
package limit

import (
	"time"

	"golang.org/x/time/rate"
)

// Map is a map of bounded size: it forgets its oldest entries. Its owner guards
// it.
type Map[K comparable, V any] struct {
	Most int

	values map[K]V
	order  []K // a ring once it is full
	next   int // the oldest one then
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(key K) (V, bool) {
	v, ok := m.values[key]
	return v, ok
}

// Put sets the value of a key, and returns the entry that it forgets for that.
func (m *Map[K, V]) Put(key K, value V) (oldest K, was V, forgotten bool) {
	if _, known := m.values[key]; known {
		m.values[key] = value
		return oldest, was, false
	}
	if m.values == nil {
		m.values = make(map[K]V)
	}
	if len(m.order) < m.Most {
		m.order = append(m.order, key)
	} else {
		oldest, forgotten = m.order[m.next], true
		was = m.values[oldest]
		delete(m.values, oldest)
		m.order[m.next] = key
		m.next = (m.next + 1) % m.Most
	}
	m.values[key] = value
	return oldest, was, forgotten
}

// Len is the number of entries.
func (m *Map[K, V]) Len() int { return len(m.values) }

// Senders limits how often each sender may do something, and remembers the latest
// ones only.
type Senders[K comparable] struct {
	PerSecond rate.Limit
	Burst     int
	Map[K, *rate.Limiter]
}

// Allow reports whether a sender may now.
func (s *Senders[K]) Allow(sender K, now time.Time) bool {
	l, known := s.Get(sender)
	if !known {
		l = rate.NewLimiter(s.PerSecond, s.Burst)
		s.Put(sender, l)
	}
	return l.AllowN(now, 1)
}
