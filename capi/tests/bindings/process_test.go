package bindings

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/shell"
)

// startServer starts thingp2pd on loopback and returns its address.
func startServer(t *testing.T, prefix string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(prefix, "bin/thingp2pd"), "-mqtt", "127.0.0.1:0", "-turn", "127.0.0.1:0",
		"-public-ip", "127.0.0.1", "-secret", filepath.Join(t.TempDir(), "secret"))
	line := start(t, cmd, func() { cmd.Process.Signal(syscall.SIGTERM) })
	_, server, ok := strings.Cut(line, "server=")
	if !ok {
		t.Fatalf("thingp2pd printed %q", line)
	}
	return strings.Fields(server)[0]
}

// startDevice compiles and starts programs/peer.c and returns its ticket.
func startDevice(t *testing.T, prefix, server string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "peer")
	args := append([]string{"-std=c99", "programs/peer.c", "-o", program}, warnings...)
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, os.Getenv("CC"), "cc"), append(append(args, sharedCode()...), packageFlags(t, prefix)...)...)

	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "THINGP2P_SERVER="+server)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, cmd, func() { stdin.Close() })
}

// start runs a program until the test ends and returns the first line it prints. stop must make it end with code 0.
func start(t *testing.T, cmd *exec.Cmd, stop func()) string {
	t.Helper()
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also if the test is killed
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	t.Cleanup(func() {
		stop()
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", cmd.Path, err)
		}
	})
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("%s printed nothing: %v", cmd.Path, err)
	}
	return strings.TrimSpace(line)
}
