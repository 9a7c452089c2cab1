package trace

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// OpportunityBytes is what one opportunity carries.
const OpportunityBytes = 1500

// Trace is the opportunities of a link, in order. It begins again at its end, which is
// the time of the last one. It does not change and may be shared.
type Trace struct {
	times []uint32 // ms
}

const (
	mostOpportunities = 4 << 20 // 16 MB of memory: two minutes at 400 Mbit/s
	mostLength        = 24 * time.Hour
)

// New makes a trace of the times of its opportunities, in milliseconds.
func New(times []uint32) (*Trace, error) {
	switch {
	case len(times) == 0:
		return nil, errors.New("a trace without a time")
	case len(times) > mostOpportunities:
		return nil, fmt.Errorf("a trace of more than %d times", mostOpportunities)
	case !slices.IsSorted(times):
		return nil, errors.New("the times of a trace are not in order")
	}
	if last := times[len(times)-1]; last == 0 || last > uint32(mostLength.Milliseconds()) {
		return nil, fmt.Errorf("a trace of %d ms: it must be more than 0, and %v at most", last, mostLength)
	}
	return &Trace{times}, nil
}

// Length is how long it takes until the trace begins again.
func (t *Trace) Length() time.Duration {
	return time.Duration(t.times[len(t.times)-1]) * time.Millisecond
}

// Rate is the mean in bit/s.
func (t *Trace) Rate() float64 {
	return float64(len(t.times)) * OpportunityBytes * 8 / t.Length().Seconds()
}

// at is the time of an opportunity; their numbers go on from 0 through all rounds.
func (t *Trace) at(number int64) time.Duration {
	n := int64(len(t.times))
	return time.Duration(number/n)*t.Length() + time.Duration(t.times[number%n])*time.Millisecond
}

// after is the number of the first opportunity after a time. One at that very time has
// passed already, as in mahimahi.
func (t *Trace) after(at time.Duration) int64 {
	if at < 0 {
		return 0
	}
	ms := uint32(at % t.Length() / time.Millisecond)
	i, _ := slices.BinarySearch(t.times, ms+1)
	return int64(at/t.Length())*int64(len(t.times)) + int64(i)
}
