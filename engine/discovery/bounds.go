package discovery

import "time"

// rate limits a bucket.
type rate struct{ perSecond, burst float64 }

// bucket is a token bucket; the zero value is full.
type bucket struct {
	missing float64
	at      time.Time
}

func (b *bucket) take(r rate, now time.Time) bool {
	b.missing = max(0, b.missing-now.Sub(b.at).Seconds()*r.perSecond)
	b.at = now
	if b.missing+1 > r.burst {
		return false
	}
	b.missing++
	return true
}

// fifoMap is a map that forgets its oldest entries.
type fifoMap[K comparable, V any] struct {
	values map[K]V
	order  []K
}

func (m *fifoMap[K, V]) get(key K) (V, bool) {
	v, ok := m.values[key]
	return v, ok
}

// put adds a key that is not there yet.
func (m *fifoMap[K, V]) put(key K, value V, most int) {
	if m.values == nil {
		m.values = make(map[K]V)
	}
	if len(m.order) >= most {
		delete(m.values, m.order[0])
		m.order = append(m.order[:0], m.order[1:]...)
	}
	m.values[key] = value
	m.order = append(m.order, key)
}
