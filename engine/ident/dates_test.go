package ident

import (
	"errors"
	"math"
	"testing"
	"time"
)

// dates are of clocks that were never set, of today and of days to come; the last
// is later than 32 bits of seconds tell.
var dates = []time.Time{
	time.Unix(0, 0), time.Unix(1, 0), date(2000, 1, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 11, 25), date(2027, 3, 1),
	date(2031, 7, 15), date(2038, 1, 20), date(2106, 2, 8), date(9999, 12, 1),
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// extremes are times that only a forger writes.
var extremes = []time.Time{
	{}, time.Unix(math.MinInt64, 0), time.Unix(math.MaxInt64, 0), time.UnixMilli(math.MinInt64), time.UnixMilli(math.MaxInt64),
	time.Unix(-1, 0), time.Unix(1<<40, 0),
}

func TestFreshAtAnyDate(t *testing.T) {
	for _, now := range dates {
		set := !now.Before(noClock)
		for after, fresh := range map[time.Duration]bool{
			0: true, time.Minute: true, ClockTolerance: true, -ClockTolerance: true,
			ClockTolerance + 1: false, -ClockTolerance - 1: false, 24 * time.Hour: false, 365 * 24 * time.Hour: false,
			math.MaxInt64: false, math.MinInt64: false,
		} {
			if got := Fresh(now.Add(-after), now); got != (fresh || !set) {
				t.Errorf("at %v, what was made %v before: %v", now, after, got)
			}
		}
		for _, made := range extremes {
			if got := Fresh(made, now); got && set {
				t.Errorf("at %v, what was made at %v is fresh", now, made)
			}
		}
	}
}

func TestLoginAtAnyDate(t *testing.T) {
	id, sign := signer(1)
	for _, now := range dates {
		password := NewPassword(Device, id, server, now, sign)
		for after, want := range map[time.Duration]error{
			0: nil, LoginLifetime - time.Second: nil, LoginLifetime: ErrLoginTime, -LoginLifetime: nil,
			-LoginLifetime - time.Second: ErrLoginTime, math.MaxInt64: ErrLoginTime, math.MinInt64: ErrLoginTime,
		} {
			if _, err := check(id, password, now.Add(after)); !errors.Is(err, want) {
				t.Errorf("a login of %v, %v later: %v", now, after, err)
			}
		}
		for _, clock := range extremes {
			if clock.Sub(now).Abs() < 24*time.Hour {
				continue
			}
			if _, err := check(id, password, clock); !errors.Is(err, ErrLoginTime) {
				t.Errorf("a login of %v, at %v: %v", now, clock, err)
			}
		}
	}
}

// What counts is for how long something has lasted, not what the clock said when it
// began: that may have been set since.
func TestBeganAtAnyDate(t *testing.T) {
	for _, now := range dates {
		for lasting, want := range map[time.Duration]time.Duration{0: 0, time.Hour: time.Hour, 24 * time.Hour: 24 * time.Hour, -time.Hour: 0} {
			began := Began(now.Add(-lasting), now)
			if set := !now.Before(noClock); set && !began.Equal(now.Add(-want)) || !set && !began.IsZero() {
				t.Errorf("at %v, what has lasted for %v began at %v", now, lasting, began)
			}
		}
		for _, start := range extremes {
			if began := Began(start, now); began.After(now) {
				t.Errorf("at %v, what began at %v began at %v", now, start, began)
			}
		}
	}
}
