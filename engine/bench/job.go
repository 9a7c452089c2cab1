//go:build linux

package bench

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
)

// job is one running trial. It is what a lab needs of a test: Fatalf ends the
// trial and no other, and whatever ends it, what it started is cleaned up.
type job struct {
	ctx      context.Context // ends with the bench
	files    Files
	run      int // 0, 1, …
	cleanups []func()
	failed   bool
	log      []string
	sample   sample
}

// sample is what a trial has measured.
type sample struct {
	metrics map[string]float64
	details map[string]string
	curve   []float64 // Mbit/s in each slice
}

// failure is what Fatalf panics with.
type failure struct{ error }

// perform runs a trial.
func perform(ctx context.Context, files Files, t trial) (s sample, err error) {
	j := &job{ctx: ctx, files: files, run: t.run}
	j.sample = sample{metrics: map[string]float64{}, details: map[string]string{}}
	defer func() {
		if cause := recover(); cause != nil {
			j.failed = true
			err = asError(cause)
		}
		for len(j.cleanups) > 0 {
			last := len(j.cleanups) - 1
			cleanup := j.cleanups[last]
			j.cleanups = j.cleanups[:last]
			cleanup()
		}
		if err != nil && len(j.log) > 0 {
			err = fmt.Errorf("%w\n%s", err, strings.Join(j.log, "\n"))
		}
	}()
	t.do(j)
	return j.sample, nil
}

func asError(cause any) error {
	if f, ok := cause.(failure); ok {
		return f.error
	}
	return fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
}

func (j *job) Helper()          {}
func (j *job) Failed() bool     { return j.failed }
func (j *job) Cleanup(f func()) { j.cleanups = append(j.cleanups, f) }

func (j *job) Logf(format string, args ...any) { j.log = append(j.log, fmt.Sprintf(format, args...)) }

func (j *job) Fatalf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Skipf is for a machine that cannot run labs.
func (j *job) Skipf(format string, args ...any) { j.Fatalf(format, args...) }

func (j *job) check(err error) {
	if err != nil {
		j.Fatalf("%w", err)
	}
}

// set takes a metric down. What is no number was not measured.
func (j *job) set(metric string, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		j.Fatalf("there is no figure for %s", metric)
	}
	j.sample.metrics[metric] = value
}
