//go:build linux

package bench

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestPercentilesAndMedian(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for p, want := range map[float64]float64{0: 1, 50: 3, 80: 4, 95: 5, 100: 5} {
		if got := percentile(values, p); got != want {
			t.Errorf("percentile %g is %g, want %g", p, got, want)
		}
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median %g, want 2.5", got)
	}
}

func TestRatioIsAboveOneWhenOursIsBetter(t *testing.T) {
	value := func(v float64) Value { return Value{Value: v, Runs: []float64{v}} }
	for _, c := range []struct {
		better Better
		want   float64
	}{{More, 0.5}, {Less, 2}} {
		row := Row{Better: c.better, Ours: value(10), Baselines: []Value{value(20), {Error: "failed"}}}
		if row.compare(); row.Ratio != c.want || row.Baselines[1].Ratio != 0 {
			t.Errorf("%s is better: ratio %g, want %g", c.better, row.Ratio, c.want)
		}
	}
}

func TestReachedAndCalm(t *testing.T) {
	r := &report{SliceUs: 50_000}
	for i := range 40 { // 2 s: 4 Mbit/s, from the 20th on 16
		bytes := 25_000.0
		if i >= 20 {
			bytes *= 4
		}
		r.Slices = append(r.Slices, bytes)
	}
	if took, ok := r.reached(16, 500*time.Millisecond, 2*time.Second, 200*time.Millisecond); !ok || took != 500*time.Millisecond {
		t.Errorf("reached after %v, %v, want 500ms", took, ok)
	}
	if _, ok := r.reached(17, 0, 2*time.Second, 200*time.Millisecond); ok {
		t.Error("a rate was reached that never was")
	}
	for i := range 100 {
		trip := 50_000.0
		if i < 50 {
			trip = 300_000
		}
		r.Pings = append(r.Pings, trip)
	}
	if took, ok := r.calmAfter(0, 2*time.Second); !ok || took < 900*time.Millisecond || took > time.Second {
		t.Errorf("calm after %v, %v, want just below 1s", took, ok)
	}
}

func TestFailureOfATrialCleansUpAndStaysItsOwn(t *testing.T) {
	var order []string
	note := func(s string) func(*job) { return func(*job) { order = append(order, s) } }
	cause := errors.New("no luck")
	fail := trial{contender: "a", do: func(j *job) {
		j.Cleanup(func() { note("first")(j) })
		j.Cleanup(func() { note("second")(j) })
		j.Fatalf("so: %w", cause)
	}}
	crash := trial{contender: "b", do: func(j *job) { panic("oops") }}
	good := trial{contender: "c", do: func(j *job) { j.set("m", 1) }}
	r := newResults()
	performAll(context.Background(), Files{}, []trial{fail, crash, good}, 1, r, func(trial, error) {})
	if got := strings.Join(order, " "); got != "second first" {
		t.Errorf("cleanups ran as %q", got)
	}
	if !errors.Is(r.errors[key{"", "", "a"}], cause) || r.errors[key{"", "", "b"}] == nil {
		t.Errorf("errors: %v", r.errors)
	}
	if v := r.value("", "", "c", "m"); !v.ok() || v.Value != 1 {
		t.Errorf("the good trial gives %+v", v)
	}
}

func TestEveryGroupMakesRowsAndPlotsOfNothing(t *testing.T) {
	for _, size := range []Size{Full, Quick} {
		r := newResults()
		for _, g := range groups(size) {
			rows := g.rows(r)
			if len(rows) == 0 || g.about == "" || g.letter == "" {
				t.Errorf("group %q is incomplete", g.name)
			}
			for _, row := range rows {
				if row.Group != g.name || row.Ratio != 0 {
					t.Errorf("row %+v of group %q", row, g.name)
				}
			}
			if g.plots == nil {
				continue
			}
			for _, p := range g.plots(r) {
				checkXML(t, p)
			}
		}
	}
}

func TestPlotsAreXML(t *testing.T) {
	v := func(v float64) Value { return Value{Value: v, Runs: []float64{v}} }
	b := bars{file: "b", title: "<a & b>", unit: "ms", series: []string{ours.name, stock.name}}
	b.add("x < y", []Value{v(3), {Error: "failed"}})
	checkXML(t, b)
	checkXML(t, lines{file: "l", series: []string{ours.name}, values: [][]float64{{1, 2, 3}}, step: 0.1, smooth: 2})
}

func checkXML(t *testing.T, p plot) {
	t.Helper()
	text := p.svg()
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("%s: a number is missing:\n%s", p.name(), text)
	}
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", p.name(), err)
		}
	}
}
