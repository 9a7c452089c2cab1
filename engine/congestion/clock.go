package congestion

import (
	"math"
	"time"
)

// Time is a reading of a monotonic clock in nanoseconds. Any value is a time:
// where such a clock starts is nobody's business, and it may be below zero.
type Time int64

// instant is a time on the controller's own clock, which reads firstInstant when
// the controller is made and never less. So zero can stand for "never": it is
// longer ago than all that is asked for here.
type instant int64

const (
	never        instant = 0
	firstInstant         = instant(longest)

	// longest bounds every duration, so that a few of them can be added and
	// multiplied without a thought.
	longest = time.Hour
)

// clock translates. Only differences of the caller's times count, so a clock
// that wraps around does no harm.
type clock struct{ start Time }

func (k clock) read(t Time) instant {
	return firstInstant.add(max(0, time.Duration(t-k.start)))
}

func (k clock) tell(t instant) Time { return k.start + Time(t-firstInstant) }

// add stops at the end of time.
func (t instant) add(d time.Duration) instant {
	if d > 0 && t > math.MaxInt64-instant(d) {
		return math.MaxInt64
	}
	return t + instant(d)
}

// sub is at most longest either way.
func (t instant) sub(u instant) time.Duration { return bounded(time.Duration(t - u)) }

func bounded(d time.Duration) time.Duration { return min(max(d, -longest), longest) }

func seconds(d time.Duration) float64 { return float64(d) / 1e9 }

// duration is at most longest either way.
func duration(sec float64) time.Duration {
	return time.Duration(min(max(sec, -longest.Seconds()), longest.Seconds()) * 1e9)
}
