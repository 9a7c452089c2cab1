package await

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// TestStopwatchStandsStillOnABusyMachine: a program that shares its processor with others counts what it works, and not
// that others worked meanwhile.
func TestStopwatchStandsStillOnABusyMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("for Linux")
	}
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("the kernel does not tell how long a thread has waited: ", err)
	}
	for range 8 * runtime.NumCPU() {
		other := exec.Command("sh", "-c", "while :; do :; done")
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { other.Process.Kill(); other.Wait() })
	}
	const most = 500 * time.Millisecond
	s, started := Start(), time.Now()
	Until(t, "others have run instead", func() bool {
		for spin := time.Now(); time.Since(spin) < 10*time.Millisecond; {
		}
		return s.Waited() > most
	})
	if own, all := s.Elapsed(), time.Since(started); own > max(0, all-most) {
		t.Errorf("%v of %v, of which %v were waiting", own, all, s.Waited())
	}
}

func TestStopwatchRunsOtherwise(t *testing.T) {
	s := Start()
	time.Sleep(50 * time.Millisecond)
	if waited := s.Waited(); s.Elapsed() < 50*time.Millisecond-waited-s.Waited() {
		t.Errorf("%v after 50 ms, of which %v were waiting", s.Elapsed(), waited)
	}
	if got := s.Less(time.Hour); got > time.Hour || got < 59*time.Minute {
		t.Errorf("an hour is %v", got)
	}
}
