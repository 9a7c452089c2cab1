// Package faultlog has what tests of panics look at.
package faultlog

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// Log is what was logged. It may be used by many goroutines.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
	told chan struct{} // has a value after a fault
}

// New returns a log, and a logger that writes to it what is an error.
func New() (*Log, *slog.Logger) {
	l := &Log{told: make(chan struct{}, 1)}
	return l, slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelError}))
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(p, []byte("a fault in the library")) {
		select {
		case l.told <- struct{}{}:
		default:
		}
	}
	return l.text.Write(p)
}

// Want waits for a fault whose stack names a function.
func (l *Log) Want(t *testing.T, function string) {
	t.Helper()
	for {
		select {
		case <-l.told:
			l.mu.Lock()
			found := strings.Contains(l.text.String(), function)
			l.mu.Unlock()
			if found {
				return
			}
		case <-await.Context(t, nil).Done():
			t.Fatalf("no fault in %s was logged, but\n%s", function, l.text.String())
		}
	}
}

// None returns a logger that makes a fault that the library has caught and logged a
// failure of the test.
func None(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(none{t}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type none struct{ t *testing.T }

func (n none) Write(line []byte) (int, error) {
	n.t.Errorf("%s", line)
	return len(line), nil
}
