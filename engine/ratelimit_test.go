package engine

import (
	"testing"
	"time"
)

func TestRateLimit(t *testing.T) {
	var l rateLimit
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	allowed := func(tries int) (n int) {
		for range tries {
			if l.allow(now) {
				n++
			}
		}
		return n
	}
	if n := allowed(10 * offersAtOnce); n != offersAtOnce {
		t.Errorf("%d at once, want %d", n, offersAtOnce)
	}
	now = now.Add(time.Second)
	if n := allowed(10 * offersPerSecond); n != offersPerSecond {
		t.Errorf("%d a second later, want %d", n, offersPerSecond)
	}
	total := 0
	for range 10_000 { // a flood
		now = now.Add(time.Millisecond)
		total += allowed(3)
	}
	if want := 10 * offersPerSecond; total < want-1 || total > want {
		t.Errorf("%d in ten seconds, want %d", total, want)
	}
	now = now.Add(time.Hour)
	if n := allowed(10 * offersAtOnce); n != offersAtOnce {
		t.Errorf("%d after an hour, want %d", n, offersAtOnce)
	}
	now = now.Add(-time.Hour) // a clock that is set back
	allowed(1)
	now = now.Add(2 * time.Hour)
	if n := allowed(1); n != 1 {
		t.Error("nothing is allowed any more")
	}
}
