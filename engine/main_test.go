package engine

import (
	"fmt"
	"io"
	"os"
	"os/exec"
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

// startSelf starts the test binary as another process, with a variable set. Who calls
// it ends that.
func startSelf(t *testing.T, variable, value string) (cmd *exec.Cmd, stdin io.WriteCloser, stdout io.Reader) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), variable+"="+value)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err = cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stdin, stdout
}
