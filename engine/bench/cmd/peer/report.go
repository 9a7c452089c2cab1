//go:build linux

package main

import (
	"encoding/json"
	"os"
	"sync"
)

const (
	sliceUs  = 50 * 1000
	latestUs = 3000 * 1000 // what has not arrived so long after the end counts as that late
)

// report is what a run has seen; it is printed as programs/report.h does.
type report struct {
	mu            sync.Mutex
	start, until  int64
	bytes         uint64
	slices        []uint64
	sent, trip    []int64
	pongs         int
	frames        []int64
	framesMissing int
}

// reading is what has been moved and used up to a moment.
type reading struct {
	at, cpu, deviceAt, deviceCPU int64
	bytes                        uint64
}

func newReport(start, until int64) *report {
	return &report{start: start, until: until, slices: make([]uint64, (until-start)/sliceUs)}
}

func (r *report) arrival(bytes int) {
	slice := (now() - r.start) / sliceUs
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes += uint64(bytes)
	if slice < int64(len(r.slices)) {
		r.slices[slice] += uint64(bytes)
	}
}

func (r *report) total() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes
}

// ping returns the ping's number, which pong gets back.
func (r *report) ping(at int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent, r.trip = append(r.sent, at), append(r.trip, 0)
	return len(r.sent) - 1
}

func (r *report) pong(number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if number < len(r.sent) && r.trip[number] == 0 {
		r.trip[number] = now() - r.sent[number]
		r.pongs++
	}
}

func (r *report) allBack() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pongs == len(r.sent)
}

// frame returns how many are still to come.
func (r *report) frame(late int64) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, late)
	r.framesMissing--
	return r.framesMissing
}

// print writes the line. The sums are those between the two readings, the lists
// those of the whole run.
func (r *report) print(a, b reading) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, trip := range r.trip {
		if trip == 0 {
			r.trip[i] = r.until + latestUs - r.sent[i]
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"start_us": r.start, "slice_us": sliceUs, "bytes": b.bytes - a.bytes, "us": b.at - a.at,
		"app_cpu_us": b.cpu - a.cpu, "device_cpu_us": b.deviceCPU - a.deviceCPU, "device_us": b.deviceAt - a.deviceAt,
		"slices": r.slices, "pings_unanswered": len(r.sent) - r.pongs, "pings_us": r.trip,
		"frames_missing": r.framesMissing, "frames_us": r.frames,
	})
}
