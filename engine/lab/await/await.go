// Package await is for tests that cannot be in fake time.
//
// A test waits for an event: a line, a byte, a count. How long that takes says much of the machine, which may be busy with
// anything, and little of the code. So there is one bound for what must happen, Limit, which only ends what hangs. A test
// that is about time itself, in milliseconds, uses a Stopwatch, which stands still while the machine lets nobody run.
package await

import (
	"context"
	"os"
	"testing"
	"time"
)

// Limit is how long a test waits for what must happen, whatever else the machine does. What is known not to happen is not
// waited for at all.
const Limit = 3 * time.Minute

// Deadline is Limit from now, for a connection's.
func Deadline() time.Time { return time.Now().Add(Limit) }

// Context ends after Limit, with cause, which may be nil.
func Context(t testing.TB, cause error) context.Context {
	ctx, cancel := context.WithTimeoutCause(t.Context(), Limit, cause)
	t.Cleanup(cancel)
	return ctx
}

// Until returns once ready does; it asks often. If that takes Limit, the test fails, and says what was not so.
func Until(t testing.TB, what string, ready func() bool) {
	t.Helper()
	for deadline := Deadline(); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v, still not: %s", Limit, what)
		}
	}
}

// Stopwatch measures time, but for what this process and some others have waited for a processor while it ran. All their
// waits are taken off, also those that nobody waited for, so that a busy machine can make it stand still, but cannot make
// it show too much. On a machine with nothing else to do there are hardly any.
type Stopwatch struct {
	started time.Time
	pids    []int
	before  map[string]time.Duration // waited by then, by thread
}

// Start starts one for this process and others.
func Start(pids ...int) *Stopwatch {
	pids = append([]int{os.Getpid()}, pids...)
	return &Stopwatch{started: time.Now(), pids: pids, before: waits(pids)}
}

// Waited is what the processes' threads have waited for a processor since Start, all together.
func (s *Stopwatch) Waited() time.Duration {
	var total time.Duration
	for thread, waited := range waits(s.pids) {
		total += waited - s.before[thread]
	}
	return total
}

// Elapsed is the time since Start without Waited. It is never negative.
func (s *Stopwatch) Elapsed() time.Duration {
	elapsed := time.Since(s.started)
	return max(0, elapsed-s.Waited())
}

// Less is a time that was measured since Start by somebody else, without Waited.
func (s *Stopwatch) Less(measured time.Duration) time.Duration { return max(0, measured-s.Waited()) }
