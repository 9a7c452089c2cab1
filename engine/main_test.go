package engine

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// otherProcesses are what the test binary is instead, by the variable that says so.
var otherProcesses = make(map[string]func(string) error)

// TestMain fails if a goroutine is left after all tests: each has an owner that
// waits for it. Those of the ICE, MQTT and QUIC libraries count too.
//
// With a variable set, the test binary is another process of some test.
func TestMain(m *testing.M) {
	for variable, run := range otherProcesses {
		if value := os.Getenv(variable); value != "" {
			if err := run(value); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	code := m.Run()
	if left := leakedGoroutines(await.Limit); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "FAIL: %d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// leakedGoroutines returns the stacks of goroutines that are not the test
// binary's own, once there is none or the time is up.
func leakedGoroutines(most time.Duration) []string {
	for deadline := time.Now().Add(most); ; time.Sleep(10 * time.Millisecond) {
		var left []string
		buffer := make([]byte, 16<<20)
		stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
		for _, stack := range stacks[1:] { // the first is this one
			if strings.Contains(stack, "github.com/") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
	}
}
