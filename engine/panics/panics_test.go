package panics

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// record returns a guard, and what it has logged.
func record(failed func()) (Guard, *bytes.Buffer) {
	var text bytes.Buffer
	return Guard{Log: slog.New(slog.NewTextHandler(&text, nil)), Failed: failed}, &text
}

func broken() { panic("the test's own") }

func TestEveryStartSurvivesAPanic(t *testing.T) {
	for name, start := range map[string]func(*Group){
		"Run":   func(g *Group) { g.Run(broken) },
		"Guard": func(g *Group) { g.Guard.Go(broken) },
		"Group": func(g *Group) { g.Go(broken); g.Wait() },
		"bound": func(g *Group) { g.Start(g.Bind(broken)); g.Wait() },
		"After": func(g *Group) { g.After(time.Second, broken); time.Sleep(2 * time.Second) },
		"WhenDone": func(g *Group) {
			ctx, cancel := context.WithCancel(context.Background())
			g.WhenDone(ctx, broken)
			cancel()
		},
		"callback": func(g *Group) { func() { defer g.Recover(); broken() }() },
		"callback with error": func(g *Group) {
			err := func() (err error) { defer g.RecoverTo(&err); broken(); return nil }()
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Errorf("the error is %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var failures atomic.Int32
				guard, log := record(func() { failures.Add(1) })
				start(&Group{Guard: guard})
				synctest.Wait()
				if failures.Load() != 1 {
					t.Errorf("the owner was told %d times", failures.Load())
				}
				if text := log.String(); strings.Count(text, "the test's own") != 1 || !strings.Contains(text, "panics.broken") {
					t.Errorf("the log has neither the panic once nor its stack: %s", text)
				}
			})
		})
	}
}

func TestWithoutAPanicNothingIsDone(t *testing.T) {
	guard, log := record(func() { t.Error("the owner was told of a fault") })
	g := Group{Guard: guard}
	ran := false
	g.Go(func() { ran = true })
	g.Wait()
	err := func() (err error) { defer guard.RecoverTo(&err); return errors.ErrUnsupported }()
	if !ran || err != errors.ErrUnsupported || log.Len() > 0 {
		t.Errorf("ran: %v, error: %v, log: %s", ran, err, log)
	}
}

func TestOwnerThatPanicsItself(t *testing.T) {
	guard, log := record(func() { panic("the owner's") })
	guard.Run(broken)
	if text := log.String(); !strings.Contains(text, "the test's own") || !strings.Contains(text, "the owner's") {
		t.Errorf("the log: %s", text)
	}
}

// brokenHandler panics whatever it is asked.
type brokenHandler struct{}

func (brokenHandler) Enabled(context.Context, slog.Level) bool  { panic("Enabled") }
func (brokenHandler) Handle(context.Context, slog.Record) error { panic("Handle") }
func (brokenHandler) WithAttrs([]slog.Attr) slog.Handler        { panic("WithAttrs") }
func (brokenHandler) WithGroup(string) slog.Handler             { panic("WithGroup") }

// halfBrokenHandler lets everything through to what is broken.
type halfBrokenHandler struct{ brokenHandler }

func (halfBrokenHandler) Enabled(context.Context, slog.Level) bool { return true }

// The stacks of this test go to standard error.
func TestHostsHandlerThatPanics(t *testing.T) {
	for _, h := range []slog.Handler{brokenHandler{}, halfBrokenHandler{}} {
		log := Logger(slog.New(h))
		if Logger(log) != log {
			t.Error("guarded twice")
		}
		log.Info("text")
		log.With("key", "value").WithGroup("group").Error("text")
		for _, log := range []*slog.Logger{log, slog.New(h)} {
			failed := false
			Guard{Log: log, Failed: func() { failed = true }}.Run(broken)
			if !failed {
				t.Error("the owner was not told, since the log panicked")
			}
		}
	}
}

func TestCaughtPanicIsReportedOnce(t *testing.T) {
	guard, log := record(nil)
	err := func() (err error) { defer Catch(&err); broken(); return nil }()
	fault, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("the error is %v", err)
	}
	fault.Report(guard.Log)
	fault.Report(guard.Log)
	if n := strings.Count(log.String(), "panics.broken"); n != 1 {
		t.Errorf("reported %d times: %s", n, log)
	}
}

func TestStartingWhatIsBoundCostsNothing(t *testing.T) {
	var g Group
	bound := g.Bind(func() {})
	if n := testing.AllocsPerRun(1000, func() { g.Start(bound); g.Wait() }); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}
