package ident

import "time"

// ClockTolerance is how far the clocks of an app and a device may be apart: what
// wrong time zones make of them, and less than a day.
const ClockTolerance = 14 * time.Hour

// noClock is a time before which a clock was certainly never set.
var noClock = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Fresh reports whether something may have been made just now, by another's clock.
// Who knows that its own was never set believes any.
func Fresh(made, now time.Time) bool {
	age := now.Sub(made)
	return !isSet(now) || age <= ClockTolerance && age >= -ClockTolerance
}

func isSet(clock time.Time) bool { return !clock.Before(noClock) }

// Began returns when something began, in whole milliseconds by the clock as it is
// now, which may have been set since. What was made before that may be a
// recording that has been answered already; who cannot tell, since its clock was
// never set, gets the zero time, before which nothing was made.
func Began(start, now time.Time) time.Time {
	if !isSet(now) {
		return time.Time{}
	}
	lasting := max(0, now.Sub(start))
	return now.Round(0).Add(-lasting).Truncate(time.Millisecond)
}
