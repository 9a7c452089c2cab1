package trace

import (
	"math"
	"time"
)

// Stats say what a link is like.
type Stats struct {
	Rate      float64       // bit/s, the mean
	Variation float64       // of the rate over windows of 100 ms: standard deviation by mean
	Gap       time.Duration // the longest without an opportunity
}

const statsWindow = 100 * time.Millisecond

// Stats are those between two times, which may be beyond the trace's end.
func (t *Trace) Stats(from, to time.Duration) (s Stats) {
	first, end := t.after(from), t.after(to)
	if first >= end {
		return Stats{Gap: to - from}
	}
	s.Rate = float64(end-first) * OpportunityBytes * 8 / (to - from).Seconds()
	last := from
	for n := first; n < end; n++ {
		at := t.at(n)
		s.Gap, last = max(s.Gap, at-last), at
	}
	s.Gap = max(s.Gap, to-last)
	var sum, squares, windows float64
	for at := from; at+statsWindow <= to; at += statsWindow {
		n := float64(t.after(at+statsWindow) - t.after(at))
		sum, squares, windows = sum+n, squares+n*n, windows+1
	}
	if sum > 0 {
		mean := sum / windows
		s.Variation = math.Sqrt(max(0, squares/windows-mean*mean)) / mean
	}
	return s
}

// All are the Stats of the whole trace.
func (t *Trace) All() Stats { return t.Stats(0, t.Length()) }
