//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const (
	answerLimit = 40 * time.Second // the longest that an answer may take, beyond what the order asks for
	lineBytes   = 1 << 20          // of a report
)

// program is a process that takes orders and answers each with a line.
type program struct {
	job   *job
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string
}

// start runs a program on a host until the job ends.
func (j *job) start(h *lab.Host, server, path string, args ...string) *program {
	ctx, cancel := context.WithCancel(j.ctx)
	p := &program{job: j, name: filepath.Base(path), cmd: h.CommandContext(ctx, path, args...), lines: make(chan string, 16)}
	p.cmd.Env = append(os.Environ(), "THINGP2P_SERVER="+server, "THINGP2P_MAX_SESSIONS_PER_APP=1024") // few apps hold many
	stderr := &tail{}
	p.cmd.Stderr = stderr
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		p.stdin, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		j.Fatalf("%s: %w", p.name, err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, lineBytes)
		for scanner.Scan() {
			select {
			case p.lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	j.Cleanup(func() {
		cancel()
		<-read
		p.cmd.Wait()
		if text := stderr.text(); j.failed && text != "" {
			j.Logf("%s says:\n%s", p.name, text)
		}
	})
	return p
}

// line waits for the next one.
func (p *program) line(limit time.Duration) string {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.job.Fatalf("%s ended", p.name)
		}
		return line
	case <-p.job.ctx.Done():
		p.job.Fatalf("%w", context.Cause(p.job.ctx))
	case <-timer.C:
		p.job.Fatalf("%s does not answer", p.name)
	}
	return ""
}

func (p *program) send(order string) {
	_, err := io.WriteString(p.stdin, order+"\n")
	p.job.check(err)
}

// order sends a line and returns what the answer says after "ok".
func (p *program) order(order string) string {
	p.send(order)
	answer := p.line(answerLimit)
	rest, ok := strings.CutPrefix(answer, "ok")
	if !ok {
		p.job.Fatalf("%s: %s: %s", p.name, strings.Fields(order)[0], answer)
	}
	return strings.TrimSpace(rest)
}

// report waits for the end of a run that was ordered to take so long.
func (p *program) report(length time.Duration) *report {
	line := p.line(length + answerLimit)
	r := &report{}
	if err := json.Unmarshal([]byte(line), r); err != nil {
		p.job.Fatalf("%s: %.200s", p.name, line)
	}
	return r
}

// tail keeps the last of what a program writes to standard error.
type tail struct {
	mu    sync.Mutex
	bytes []byte
}

const tailBytes = 4 << 10

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
