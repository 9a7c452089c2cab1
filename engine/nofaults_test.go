package engine

import (
	"log/slog"
	"testing"
)

// noFaults makes a fault that the library has caught and logged a failure of the test.
func noFaults(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(faults{t}, &slog.HandlerOptions{Level: slog.LevelError}))
}

type faults struct{ t *testing.T }

func (f faults) Write(line []byte) (int, error) {
	f.t.Errorf("%s", line)
	return len(line), nil
}
