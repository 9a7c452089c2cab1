//go:build linux

package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/trace"
)

const (
	liveWarm     = 5 * time.Second // at the start, which is not measured
	liveLength   = 30 * time.Second
	liveLead     = 200 * time.Millisecond
	liveCommands = 100 * time.Millisecond
	liveDelay    = 20 * time.Millisecond // one way
	liveQueue    = 300_000               // bytes
	liveDownRate = 20e6
	liveOutage   = 5 * time.Second // in the middle
)

// liveCondition is the links of a row: the camera's up, and down.
type liveCondition struct {
	name     string
	up, down lab.Link
}

// capacity is what the uplink carries in the time that is measured, bit/s.
func (c liveCondition) capacity() float64 {
	if c.up.Trace == nil {
		return float64(c.up.Rate)
	}
	return c.up.Trace.Stats(c.up.Offset+liveWarm, c.up.Offset+liveLength).Rate
}

// file is the name as one of a file.
func (c liveCondition) file() string {
	return strings.NewReplacer("/", " per ", "%", "percent").Replace(c.name)
}

// liveConditions are those that are asked for: of recordings, and made ones.
func liveConditions(o LiveOptions) ([]liveCondition, error) {
	all, err := recorded(o.Traces, o.Offsets)
	if err != nil {
		return nil, err
	}
	synthetic, err := synthetic()
	if err != nil {
		return nil, err
	}
	var names []string
	chosen := slices.DeleteFunc(append(all, synthetic...), func(c liveCondition) bool {
		names = append(names, c.name)
		for part := range strings.SplitSeq(strings.ToLower(o.Rows), ",") {
			if strings.Contains(strings.ToLower(c.name), strings.TrimSpace(part)) {
				return false
			}
		}
		return true
	})
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no row has %q in its name; there are:\n  %s", o.Rows, strings.Join(names, "\n  "))
	}
	return chosen, nil
}

func recorded(dir string, offsets []time.Duration) (all []liveCondition, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		recording, err := readTrace(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		from := offsets
		if len(from) == 0 {
			from = knownOffsets(entry.Name())
		}
		for _, offset := range from {
			all = append(all, liveCondition{
				rowName(entry.Name(), offset),
				lab.Link{Trace: recording, Offset: offset, Delay: liveDelay, QueueBytes: liveQueue},
				lab.Link{Rate: liveDownRate, Delay: liveDelay},
			})
		}
	}
	return all, nil
}

func rowName(recording string, offset time.Duration) string {
	return fmt.Sprintf("%s @%g s", recording, offset.Seconds())
}

// knownOffsets are those at which others were measured, or 0.
func knownOffsets(recording string) (all []time.Duration) {
	for offset := time.Duration(0); offset < 3*time.Minute; offset += time.Second {
		if rivals[rowName(recording, offset)] != nil {
			all = append(all, offset)
		}
	}
	if len(all) == 0 {
		return []time.Duration{0}
	}
	return all
}

func readTrace(path string) (*trace.Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := trace.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// synthetic are the rows that need no recording.
func synthetic() (all []liveCondition, err error) {
	steps := func(s ...trace.Step) *trace.Trace {
		t, e := trace.Steps(s...)
		err = errors.Join(err, e)
		return t
	}
	broken := func(rate float64) *trace.Trace {
		whole := trace.Step{Rate: rate, For: (liveLength - liveOutage) / 2}
		return steps(whole, trace.Step{For: liveOutage}, whole)
	}
	const third = liveLength / 3
	down := lab.Link{Rate: liveDownRate}
	lossyDown := func(loss float64) lab.Link { return lab.Link{Rate: liveDownRate, Loss: loss} }
	all = []liveCondition{
		{constantRow, lab.Link{Rate: 4e6, Queue: 500 * time.Millisecond}, down},
		{stepsRow, lab.Link{Trace: steps(trace.Step{Rate: 4e6, For: third}, trace.Step{Rate: 1e6, For: third},
			trace.Step{Rate: 4e6, For: third}), QueueBytes: 250_000}, down}, // 500 ms at the higher rate
		{"loss 2 %, 8 Mbit/s", lab.Link{Rate: 8e6, QueueBytes: liveQueue, Loss: 0.02}, lossyDown(0.02)},
		{"loss 5 %, 8 Mbit/s", lab.Link{Rate: 8e6, QueueBytes: liveQueue, Loss: 0.05}, lossyDown(0.05)},
		{"outage of 5 s, 8 Mbit/s", lab.Link{Trace: broken(8e6), QueueBytes: liveQueue},
			lab.Link{Trace: broken(liveDownRate), QueueBytes: liveQueue}},
	}
	for i := range all {
		all[i].up.Delay, all[i].down.Delay = liveDelay, liveDelay
	}
	return all, err
}

const (
	constantRow = "constant 4 Mbit/s, 500 ms queue"
	stepsRow    = "4 to 1 to 4 Mbit/s"
)

// rival is what WebRTC did with a row: Chromium 156, VP8 of 640x480 at 30 frames/s, at
// most 8 Mbit/s, a jitter buffer with the target 0; one run each.
type rival struct {
	rate, frames, frozen float64    // Mbit/s, frames/s, s
	net, age             [3]float64 // ms: p50, p95, p99
}

var rivals = map[string]*rival{
	"ATT-LTE-driving.down @40 s":    {1.64, 28.9, 0.2, [3]float64{40, 390, 1051}, [3]float64{169, 748, 1160}},
	"ATT-LTE-driving.down @100 s":   {5.53, 30.0, 0, [3]float64{63, 247, 316}, [3]float64{137, 281, 349}},
	"TMobile-LTE-driving.down @0 s": {1.86, 27.8, 1.9, [3]float64{64, 780, 1215}, [3]float64{306, 866, 1238}},
	// Of two runs, with 0.63 and 1.43 Mbit/s, the better.
	"TMobile-LTE-driving.down @40 s": {1.43, 29.1, 1.6, [3]float64{49, 402, 810}, [3]float64{141, 481, 836}},
	"TMobile-UMTS-driving.up @0 s":   {0.52, 24.3, 2.2, [3]float64{52, 673, 877}, [3]float64{122, 719, 883}},
	"ATT-LTE-driving.up @40 s":       {0.15, 18.4, 3.6, [3]float64{50, 1200, 1602}, [3]float64{310, 1256, 1609}},
	constantRow:                      {3.24, 30.0, 0, [3]float64{63, 96, 122}, [3]float64{136, 188, 206}},
	stepsRow:                         {1.51, 27.8, 0.2, [3]float64{55, 1123, 1952}, [3]float64{164, 1555, 2108}},
}
