package limit

import (
	"testing"
	"time"

	"golang.org/x/time/rate"
)

func TestMapForgetsTheOldest(t *testing.T) {
	m := Map[int, int]{Most: 3}
	for key := range 10 {
		m.Put(key, 10*key)
		m.Put(key, 10*key+1)
		if m.Len() > 3 || len(m.order) > 3 {
			t.Fatalf("%d entries", m.Len())
		}
	}
	for key := range 10 {
		value, ok := m.Get(key)
		if ok != (key >= 7) || ok && value != 10*key+1 {
			t.Errorf("%d: %d, %v", key, value, ok)
		}
	}
}

// At any date; the first is the zero time, which is a time like any other.
func TestSendersHaveALimitEach(t *testing.T) {
	for _, now := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(1, 0), time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
		time.Date(2031, 7, 15, 0, 0, 0, 0, time.UTC), time.Date(2106, 2, 8, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		s := Senders[string]{PerSecond: 10, Burst: 2, Map: Map[string, *rate.Limiter]{Most: 2}}
		for _, c := range []struct {
			sender string
			after  time.Duration
			want   bool
		}{
			{"a", 0, true}, {"a", 0, true}, {"a", 0, false}, {"b", 0, true},
			{"a", 100 * time.Millisecond, true}, {"a", 100 * time.Millisecond, false},
			{"c", 0, true}, // a is forgotten
			{"a", 100 * time.Millisecond, true},
		} {
			if got := s.Allow(c.sender, now.Add(c.after)); got != c.want {
				t.Errorf("at %v: %+v: %v", now, c, got)
			}
		}
	}
}
