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
	line := start(t, cmd, func() { cmd.Process.Signal(syscall.SIGTERM) }).line()
	_, server, ok := strings.Cut(line, "server=")
	if !ok {
		t.Fatalf("thingp2pd printed %q", line)
	}
	return strings.Fields(server)[0]
}

// startDevice compiles and starts programs/peer.c and returns its ticket.
func startDevice(t *testing.T, prefix, server string) string {
	t.Helper()
	return startC(t, prefix, server, "programs/peer.c").line()
}

// startC compiles and starts a program in C, which ends when its standard input does.
func startC(t *testing.T, prefix, server, source string) program {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	args := append([]string{"-std=c99", source, "-o", file}, warnings...)
	shell.Run(t, shell.BuildTimeout, nil, shell.Tool(t, os.Getenv("CC"), "cc"), append(append(args, sharedCode()...), packageFlags(t, prefix)...)...)

	cmd := exec.Command(file)
	cmd.Env = append(os.Environ(), "THINGP2P_SERVER="+server)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, cmd, func() { stdin.Close() })
	p.stdin = stdin
	return p
}

// program is one that runs until the test ends.
type program struct {
	t      *testing.T
	name   string
	stdin  io.Writer
	stdout *bufio.Reader
}

// line returns the next line that it prints.
func (p program) line() string {
	p.t.Helper()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		p.t.Fatalf("%s printed nothing: %v", p.name, err)
	}
	return strings.TrimSpace(line)
}

// start runs a program until the test ends. stop must make it end with code 0.
func start(t *testing.T, cmd *exec.Cmd, stop func()) program {
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
	return program{t: t, name: cmd.Path, stdout: out}
}
