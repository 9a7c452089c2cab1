//go:build linux

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// LiveOptions say which rows of live video are measured, and how.
type LiveOptions struct {
	Traces   string          // directory of recordings
	Offsets  []time.Duration // in each recording, where a row begins; none: where others were measured, or else 0
	Rows     string          // only those with one of these in their names, with commas between them; empty: all
	Deadline time.Duration   // of a frame; 0 is none
	Runs     int             // of each row
	Parallel int             // at a time
}

// Live measures live video: a camera behind an uplink that changes, and a viewer. What
// fails is an error in its row. If the context ends, the result holds what was measured
// until then.
func Live(ctx context.Context, files Files, o LiveOptions, progress io.Writer) (*LiveResult, error) {
	if _, err := perform(ctx, files, trial{do: func(j *job) { lab.Need(j) }}); err != nil {
		return nil, err
	}
	conditions, err := liveConditions(o)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	out := &LiveResult{Made: begun.UTC().Truncate(time.Second), Machine: machine(), Deadline: o.Deadline.Milliseconds()}
	var trials []trial
	for i, c := range conditions {
		out.Rows = append(out.Rows, LiveRow{Name: c.name, Runs: make([]*Figures, o.Runs), Capacity: c.capacity() / 1e6, rival: rivals[c.name]})
		for run := range o.Runs {
			t := trial{group: "live video", condition: c.name, contender: ours.name, run: run, length: liveLength}
			t.do = func(j *job) { out.Rows[i].Runs[run] = j.live(c, o.Deadline) }
			trials = append(trials, t)
		}
	}
	r, done := newResults(), 0
	before := readLoad()
	performAll(ctx, files, trials, o.Parallel, r, func(t trial, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		done++
		verdict := "ok"
		if err != nil {
			verdict = err.Error()
		}
		fmt.Fprintf(progress, "%4.0f s  %d of %d  %v: %s\n", time.Since(begun).Seconds(), done, len(trials), t, verdict)
	})
	out.Busy = readLoad().since(before)
	out.Seconds = time.Since(begun).Seconds()
	for i, c := range conditions {
		if err := r.errors[key{"live video", c.name, ours.name}]; err != nil {
			out.Rows[i].Error = err.Error()
		}
	}
	return out, ctx.Err()
}

// made is what the camera says of a frame, seen what the viewer does, both in the order
// of programs/camera.c and programs/viewer.c.
type (
	made [5]int64
	seen [6]int64
)

func (m made) sent() int64  { return m[0] } // all times are microseconds on the clock of monotonic
func (m made) bytes() int   { return int(m[1]) }
func (m made) key() bool    { return m[2] == 1 }
func (m made) taken() bool  { return m[3] >= 0 }
func (m made) asked() int64 { return m[4] } // bit/s

func (s seen) at() int64    { return s[0] }
func (s seen) sent() int64  { return s[1] }
func (s seen) number() int  { return int(s[2]) }
func (s seen) bytes() int   { return int(s[3]) }
func (s seen) key() bool    { return s[4] == 1 }
func (s seen) missing() int { return int(s[5]) }

// film is what both ends tell of a run.
type film struct {
	start int64
	made  []made
	seen  []seen
	wrong int       // frames that were not as they had been made
	pings []float64 // us
}

// live runs a camera and a viewer.
func (j *job) live(c liveCondition, deadline time.Duration) *Figures {
	before := lab.Link{Delay: liveDelay, Rate: liveDownRate} // connecting is measured elsewhere
	w := j.world(before, before)
	server := w.serverFor(ours)
	camera := j.start(w.device, server, j.files.tool("camera"))
	ticket, ok := strings.CutPrefix(camera.line(answerLimit), "ready ")
	if !ok {
		j.Fatalf("the camera does not start")
	}
	viewer := j.start(w.app, server, j.files.tool("viewer"))
	viewer.connect(ticket, false)
	f := &film{start: monotonic() + liveLead.Microseconds()}
	camera.send(fmt.Sprintf("run %d %d %d", f.start, liveLength.Milliseconds(), deadline.Milliseconds()))
	viewer.send(fmt.Sprintf("run %d %d %d", f.start, liveLength.Milliseconds(), liveCommands.Milliseconds()))
	j.sleep(time.Duration(f.start-monotonic()) * time.Microsecond)
	w.net.SetLink(w.device, c.up, c.down)
	var from struct {
		Frames []made `json:"frames"`
	}
	var to struct {
		Frames []seen    `json:"frames"`
		Wrong  int       `json:"wrong"`
		Pings  []float64 `json:"pings_us"`
	}
	camera.json(liveLength, &from)
	viewer.json(liveLength, &to)
	f.made, f.seen, f.wrong, f.pings = from.Frames, to.Frames, to.Wrong, to.Pings
	j.check(f.save(filepath.Join(j.files.Build, "live", fmt.Sprintf("%s, run %d.csv", c.file(), j.run+1))))
	figures := f.figures()
	if len(f.seen) == 0 {
		j.Fatalf("no frame came")
	}
	return &figures
}

// save writes what became of each frame, for who wants to look closely.
func (f *film) save(path string) error {
	arrivals := map[int]int64{}
	for _, s := range f.seen {
		arrivals[s.number()] = s.at()
	}
	var text strings.Builder
	fmt.Fprintln(&text, "number,sent_ms,bytes,key,result,frame_bps,late_ms")
	for i, m := range f.made {
		fmt.Fprintf(&text, "%d,%.1f,%d,%d,%d,%d,", i, float64(m.sent()-f.start)/1000, m.bytes(), m[2], m[3], m.asked())
		if at, ok := arrivals[i]; ok {
			fmt.Fprintf(&text, "%.1f", float64(at-m.sent())/1000)
		}
		fmt.Fprintln(&text)
	}
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text.String()), 0o644))
}

// json waits for the end of a run that was ordered to take so long.
func (p *program) json(length time.Duration, into any) {
	line := p.line(length + answerLimit)
	if err := json.Unmarshal([]byte(line), into); err != nil {
		p.job.Fatalf("%s: %.200s", p.name, line)
	}
}
