package trace

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
)

// lineBytes is more than a time needs.
const lineBytes = 64

// Parse reads the format of mahimahi: a line for each opportunity, with its time in
// milliseconds. Errors name the line.
func Parse(r io.Reader) (*Trace, error) {
	var times []uint32
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 4096), lineBytes)
	for scanner.Scan() {
		line := len(times) + 1
		at, err := strconv.ParseUint(scanner.Text(), 10, 32)
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", line, err)
		case line > 1 && uint32(at) < times[line-2]:
			return nil, fmt.Errorf("line %d: %d ms, after %d ms", line, at, times[line-2])
		case at > uint64(mostLength.Milliseconds()):
			return nil, fmt.Errorf("line %d: %d ms is more than %v", line, at, mostLength)
		case line > mostOpportunities:
			return nil, fmt.Errorf("line %d: more lines than %d", line, mostOpportunities)
		}
		times = append(times, uint32(at))
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", len(times)+1, err)
	}
	t, err := New(times)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", max(len(times), 1), err)
	}
	return t, nil
}

// Step is a rate for some time.
type Step struct {
	Rate float64 // bit/s; 0 is an outage
	For  time.Duration
}

// Steps makes a trace of rates. The last step must have a rate, since a trace ends with
// an opportunity.
func Steps(steps ...Step) (*Trace, error) {
	var times []uint32
	start := 0.0 // ms
	for _, s := range steps {
		end := start + float64(s.For)/float64(time.Millisecond)
		if interval := OpportunityBytes * 8 / s.Rate * 1000; s.Rate > 0 {
			for n := 1.0; start+n*interval <= end && len(times) <= mostOpportunities; n++ {
				times = append(times, uint32(start+n*interval))
			}
		}
		start = end
	}
	return New(times)
}
