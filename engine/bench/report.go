//go:build linux

package bench

import "time"

// report is the line that an app answers a run with; see programs/report.h.
type report struct {
	StartUs       int64     `json:"start_us"` // on the clock of monotonic
	SliceUs       float64   `json:"slice_us"`
	Bytes         float64   `json:"bytes"` // from a fifth of the run to its end
	Us            float64   `json:"us"`    // how long that was
	AppCPU        float64   `json:"app_cpu_us"`
	DeviceCPU     float64   `json:"device_cpu_us"`
	DeviceUs      float64   `json:"device_us"`
	Slices        []float64 `json:"slices"`   // bytes that arrived in each slice
	Pings         []float64 `json:"pings_us"` // round trips; one that never came back counts up to when it was given up
	Unanswered    int       `json:"pings_unanswered"`
	Frames        []float64 `json:"frames_us"` // from the camera to the app
	FramesMissing int       `json:"frames_missing"`
}

// rate is the Mbit/s of the run without its first fifth.
func (r *report) rate() float64 { return r.Bytes * 8 / r.Us }

// cpuPerGB is the CPU seconds of both processes for 10⁹ bytes.
func (r *report) cpuPerGB() float64 {
	perUs := r.AppCPU/r.Us + r.DeviceCPU/r.DeviceUs
	return perUs * r.Us / 1e6 / (r.Bytes / 1e9)
}

// pings are the round trips in ms of the commands sent from a time on, one each
// interval.
func (r *report) pings(from, interval time.Duration) []float64 {
	first := min(int(from/interval), len(r.Pings))
	return milliseconds(r.Pings[first:])
}
