//go:build linux

package bench

import (
	"math"
	"slices"
	"time"
)

// percentile of unsorted values, by the nearest rank; NaN if there are none.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// median of an even number of values is the mean of the two in the middle.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// milliseconds of values in microseconds.
func milliseconds(us []float64) []float64 {
	out := make([]float64, len(us))
	for i, v := range us {
		out[i] = v / 1000
	}
	return out
}

// rates are the Mbit/s of each slice of a run.
func (r *report) rates() []float64 {
	out := make([]float64, len(r.Slices))
	for i, bytes := range r.Slices {
		out[i] = bytes * 8 / r.SliceUs
	}
	return out
}

func (r *report) slice() time.Duration { return time.Duration(r.SliceUs) * time.Microsecond }

// rateBetween is the mean Mbit/s between two times after the run's start.
func (r *report) rateBetween(from, to time.Duration) float64 {
	rates := r.rates()
	first, last := int(from/r.slice()), min(int(to/r.slice()), len(rates))
	if first >= last {
		return 0
	}
	sum := 0.0
	for _, rate := range rates[first:last] {
		sum += rate
	}
	return sum / float64(last-first)
}

// reached is how long after a time the rate was first at least so many Mbit/s
// for a window; ok is false if it never was.
func (r *report) reached(rate float64, after, before, window time.Duration) (time.Duration, bool) {
	for at := after; at+window <= before; at += r.slice() {
		if r.rateBetween(at, at+window) >= rate {
			return at - after, true
		}
	}
	return before - after, false
}
