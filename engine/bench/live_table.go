//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// LiveResult is what live.json holds.
type LiveResult struct {
	Made     time.Time `json:"made"`
	Seconds  float64   `json:"seconds"`
	Machine  string    `json:"machine"`
	Busy     float64   `json:"busy"` // share of the time in which the processors were
	Deadline int64     `json:"deadline_ms"`
	Rows     []LiveRow `json:"rows"`
}

// LiveRow is a condition and what its runs gave; nil for one that failed.
type LiveRow struct {
	Name     string     `json:"name"`
	Capacity float64    `json:"capacity_mbit_s"` // of the uplink, in the time measured
	Runs     []*Figures `json:"runs"`
	Error    string     `json:"error,omitempty"`
	rival    *rival
}

// Print writes the table: a line for each run, and below, where it is known, what WebRTC
// did on the same link. Behind × is ours against it; above 1, ours is better.
func (r *LiveResult) Print(w io.Writer) {
	fmt.Fprintf(w, "%s; %.0f s; the processors were %.0f %% busy\n\n", r.Machine, r.Seconds, 100*r.Busy)
	fmt.Fprintf(w, "LIVE VIDEO\n  30 frames/s from a camera whose uplink is recorded or made; 20 ms each way; frames are of use for %d ms.\n"+
		"  Of %v, the first %v are left out. Delays are p50/p95/p99 in ms; net is that of a frame, age that of the\n"+
		"  newest picture over time, command that of a round trip, p50/p95. refused and keys are numbers of frames.\n\n",
		r.Deadline, liveLength, liveWarm)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "uplink\tMbit/s\tof\tasked\tframes/s\tshare\tfreezes\tfrozen s\tnet\tage\tcommand\trefused\tkeys")
	var notes []string
	for _, row := range r.Rows {
		for i, f := range row.Runs {
			if f == nil {
				continue
			}
			fmt.Fprintf(t, "%s\t%.2f\t%.2f\t%.2f\t%.1f\t%.0f %%\t%d\t%.1f\t%s\t%s\t%.0f/%.0f\t%d\t%d\n", row.Name, f.Rate, row.Capacity,
				f.Asked, f.Frames, 100*f.Share, f.Freezes, f.Frozen, slashes(f.Net), slashes(f.Age), f.Command[0], f.Command[1], f.Refused, f.Keys)
			if f.Wrong > 0 || f.Unshown > 0 {
				notes = append(notes, fmt.Sprintf("FAULT: %s, run %d: %d frames were not as they had been made, %d came without those that they need",
					row.Name, i+1, f.Wrong, f.Unshown))
			}
			if b := row.rival; b != nil {
				fmt.Fprintf(t, "  WebRTC\t%.2f ×%s\t\t\t%.1f ×%s\t\t\t%.1f ×%s\t%s\t%s\t\t\t\n", b.rate, part(f.Rate, b.rate), b.frames,
					part(f.Frames, b.frames), b.frozen, part(b.frozen, f.Frozen), against(b.net, f.Net), against(b.age, f.Age))
			}
		}
		if row.Error != "" {
			notes = append(notes, fmt.Sprintf("not measured: %s: %s", row.Name, row.Error))
		}
	}
	t.Flush()
	for _, note := range notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
}

func slashes(v [3]float64) string { return fmt.Sprintf("%.0f/%.0f/%.0f", v[0], v[1], v[2]) }

func against(other, ours [3]float64) string {
	return fmt.Sprintf("%s ×%s/%s/%s", slashes(other), part(other[0], ours[0]), part(other[1], ours[1]), part(other[2], ours[2]))
}

// part is how many times b goes into a.
func part(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return round(a / b)
}

// Save writes the rows as JSON.
func (r *LiveResult) Save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
