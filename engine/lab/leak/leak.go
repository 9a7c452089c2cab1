// Package leak ends the tests of a package with a look for goroutines that are left.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// Main runs the tests of a package and exits. It fails if a goroutine is left after all
// of them: each has an owner that waits for it. Those of the ICE, MQTT and QUIC libraries
// count too.
func Main(m *testing.M) {
	code := m.Run()
	if left := goroutines(await.Limit); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "FAIL: %d goroutines are left:\n\n%s\n", len(left), strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// goroutines returns the stacks of goroutines that are not the test
// binary's own, once there is none or the time is up.
func goroutines(most time.Duration) []string {
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
