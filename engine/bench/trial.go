//go:build linux

package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// trial is one measurement of one contender under one condition.
type trial struct {
	group, condition string
	contender        string
	run              int
	length           time.Duration // about; what takes longest starts first
	do               func(*job)
}

func (t trial) String() string {
	return fmt.Sprintf("%s, %s, %s, run %d", t.group, t.condition, t.contender, t.run+1)
}

// key names what several runs have in common.
type key struct{ group, condition, contender string }

// results are the samples of all trials so far.
type results struct {
	mu      sync.Mutex
	samples map[key][]sample
	errors  map[key]error
}

func newResults() *results {
	return &results{samples: map[key][]sample{}, errors: map[key]error{}}
}

func (r *results) add(t trial, s sample, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := key{t.group, t.condition, t.contender}
	if err != nil {
		r.errors[k] = err
		return
	}
	r.samples[k] = append(r.samples[k], s)
}

// value is the median of a metric over the runs.
func (r *results) value(group, condition, contender, metric string) Value {
	k := key{group, condition, contender}
	v := Value{Name: contender}
	for _, s := range r.samples[k] {
		if m, ok := s.metrics[metric]; ok {
			v.Runs = append(v.Runs, m)
		}
	}
	switch {
	case len(v.Runs) > 0:
		v.Value = median(v.Runs)
		v.Detail = r.detail(k, metric, v.Value)
	case r.errors[k] != nil:
		v.Error = r.errors[k].Error()
	default:
		v.Error = notMeasured
	}
	return v
}

// detail is that of the run nearest to the median.
func (r *results) detail(k key, metric string, median float64) (text string) {
	nearest := math.Inf(1)
	for _, s := range r.samples[k] {
		if m, ok := s.metrics[metric]; ok && math.Abs(m-median) < nearest {
			nearest, text = math.Abs(m-median), s.details[metric]
		}
	}
	return text
}

// row compares ours with others.
func (r *results) row(group, condition, metric, name, unit string, better Better, others ...contender) Row {
	row := Row{Group: group, Name: name, Unit: unit, Better: better, Ours: r.value(group, condition, ours.name, metric)}
	for _, other := range others {
		row.Baselines = append(row.Baselines, r.value(group, condition, other.name, metric))
	}
	row.compare()
	return row
}

// curve is that of the first run.
func (r *results) curve(group, condition, contender string) []float64 {
	if s := r.samples[key{group, condition, contender}]; len(s) > 0 {
		return s[0].curve
	}
	return nil
}

// performAll runs trials, up to so many at a time, and tells about each that has
// ended. It returns early if the context ends.
func performAll(ctx context.Context, files Files, trials []trial, parallel int, into *results, progress func(trial, error)) {
	trials = slices.Clone(trials)
	slices.SortStableFunc(trials, func(a, b trial) int { return cmp.Compare(b.length, a.length) })
	next := make(chan trial)
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for t := range next {
				s, err := perform(ctx, files, t)
				if ctx.Err() != nil {
					continue
				}
				into.add(t, s, err)
				progress(t, err)
			}
		})
	}
	for _, t := range trials {
		if ctx.Err() != nil {
			break
		}
		next <- t
	}
	close(next)
	workers.Wait()
}
