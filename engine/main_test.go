package engine

import (
	"fmt"
	"os"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/leak"
)

// otherProcesses are what the test binary is instead, by the variable that says so.
var otherProcesses = make(map[string]func(string) error)

// TestMain looks for leaks. With a variable set, the test binary is another process of some test.
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
	leak.Main(m)
}
