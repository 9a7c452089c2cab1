//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Program is a program on a host that takes orders and says lines.
type Program struct {
	Cmd   *exec.Cmd
	Stdin io.WriteCloser
	Lines chan string // what it says; closed at its end
}

const lineBytes = 1 << 20 // the longest

// Start runs a program on the host until the test ends, with variables beside those of
// this process. If the test fails, it logs the last that the program wrote to standard
// error.
func (h *Host) Start(tb TB, environment []string, path string, args ...string) *Program {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &Program{Cmd: h.CommandContext(ctx, path, args...), Lines: make(chan string, 16)}
	p.Cmd.Env = append(os.Environ(), environment...)
	stderr := &tail{}
	p.Cmd.Stderr = stderr
	stdout, err := p.Cmd.StdoutPipe()
	if err == nil {
		p.Stdin, err = p.Cmd.StdinPipe()
	}
	if err == nil {
		err = p.Cmd.Start()
	}
	name := filepath.Base(path)
	if err != nil {
		cancel()
		tb.Fatalf("%s: %v", name, err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.Lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, lineBytes)
		for scanner.Scan() {
			select {
			case p.Lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	tb.Cleanup(func() {
		cancel()
		<-read
		p.Cmd.Wait()
		if text := stderr.text(); tb.Failed() && text != "" {
			tb.Logf("%s says:\n%s", name, text)
		}
	})
	return p
}

// tail keeps the last of what a program writes.
type tail struct {
	mu    sync.Mutex
	bytes []byte
}

const tailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, p...)
	if over := len(t.bytes) - tailBytes; over > 0 {
		t.bytes = t.bytes[over:]
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.bytes))
}
