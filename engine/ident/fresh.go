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
	return now.Before(noClock) || age <= ClockTolerance && age >= -ClockTolerance
}
