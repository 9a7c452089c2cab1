//go:build linux

package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Result is what bench.json holds.
type Result struct {
	Made    time.Time `json:"made"`
	Quick   bool      `json:"quick"`
	Seconds float64   `json:"seconds"`
	Machine string    `json:"machine"`
	Others  string    `json:"others"` // the versions of what ours is compared with
	Groups  []Group   `json:"groups"`
	Rows    []Row     `json:"rows"`
	Notes   []string  `json:"notes,omitempty"` // what makes these figures worth less
	plots   []plot
}

// Group says what a group's rows are about.
type Group struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// Run measures the groups with the given letters, all if there are none, and
// tells about its progress. What fails is an error in its row. If the context
// ends, the result holds what was measured until then.
func Run(ctx context.Context, files Files, s Size, letters string, progress io.Writer) (*Result, error) {
	begun := time.Now()
	out := &Result{Made: begun.UTC().Truncate(time.Second), Quick: s.quick, Machine: machine()}
	about, err := exec.Command(files.tool("peer"), "about").Output()
	if err != nil {
		return nil, fmt.Errorf("peer about: %w: it must be built with quic-go as it is", err)
	}
	out.Others = strings.TrimSpace(string(about)) + ", TLS of " + runtime.Version() + " over the kernel's TCP"
	if congestion, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control"); err == nil {
		for _, name := range []string{bbr.cc, cubic.cc} {
			if !strings.Contains(string(congestion), name) {
				out.Notes = append(out.Notes, "This kernel has no TCP "+name+": those baselines are missing.")
			}
		}
	}
	var chosen []group
	for _, g := range groups(s) {
		if letters == "" || strings.Contains(letters, g.letter) {
			chosen = append(chosen, g)
		}
	}
	var together, alone []trial
	for _, g := range chosen {
		if g.serial {
			alone = append(alone, g.trials...)
		} else {
			together = append(together, g.trials...)
		}
	}
	r := newResults()
	done, all := 0, len(together)+len(alone)
	tell := func(t trial, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		done++
		verdict := "ok"
		if err != nil {
			verdict = err.Error()
		}
		fmt.Fprintf(progress, "%4.0f s  %d of %d  %v: %s\n", time.Since(begun).Seconds(), done, all, t, verdict)
	}
	before := readLoad()
	performAll(ctx, files, together, s.Parallel, r, tell)
	if busy := readLoad().since(before); busy > 0.8 && len(together) > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("The processors were %.0f %% busy during the slow links: delays are not to be trusted.", 100*busy))
	}
	for _, t := range alone {
		performAll(ctx, files, []trial{t}, 1, r, tell)
	}
	for _, g := range chosen {
		out.Groups = append(out.Groups, Group{g.name, g.about})
		out.Rows = append(out.Rows, g.rows(r)...)
		if g.plots != nil {
			out.plots = append(out.plots, g.plots(r)...)
		}
	}
	out.Seconds = time.Since(begun).Seconds()
	return out, ctx.Err()
}
