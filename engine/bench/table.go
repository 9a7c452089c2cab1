//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// Print writes the table. The first column is ours against the best of the
// others; the figure behind × is ours against that one. Above 1, ours is better.
func (r *Result) Print(w io.Writer) {
	fmt.Fprintf(w, "%s; %s; %.0f s\n", r.Machine, r.Others, r.Seconds)
	for _, g := range r.Groups {
		fmt.Fprintf(w, "\n%s\n  %s\n", strings.ToUpper(g.Name), g.About)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range r.Rows {
			if row.Group != g.Name {
				continue
			}
			ratio := "-"
			if row.Ratio > 0 {
				ratio = "×" + round(row.Ratio)
			}
			fmt.Fprintf(t, "  %s\t%s\t%s %s", ratio, row.Name, row.Ours.text(row.Unit), row.Ours.Name)
			for _, base := range row.Baselines {
				fmt.Fprintf(t, "\t%s %s", base.text(row.Unit), base.Name)
				if base.Ratio > 0 {
					fmt.Fprintf(t, " ×%s", round(base.Ratio))
				}
			}
			fmt.Fprintln(t)
		}
		t.Flush()
	}
	for _, row := range r.Rows {
		for _, v := range append([]Value{row.Ours}, row.Baselines...) {
			if v.Error != "" && v.Error != notMeasured {
				fmt.Fprintf(w, "\nnot measured: %s, %s, %s: %s\n", row.Group, row.Name, v.Name, v.Error)
			}
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\nNote: %s\n", note)
	}
}

const notMeasured = "not measured"

func (v Value) text(unit string) string {
	if !v.ok() {
		return "?"
	}
	text := strings.TrimSpace(round(v.Value) + " " + unit)
	if v.Detail != "" {
		text += " (" + v.Detail + ")"
	}
	return text
}

// Save writes the rows as JSON.
func (r *Result) Save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// SavePlots writes the plots to a directory.
func (r *Result) SavePlots(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range r.plots {
		if err := os.WriteFile(filepath.Join(dir, p.name()+".svg"), []byte(p.svg()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
