//go:build linux

package bench

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const answerLimit = 40 * time.Second // the longest that an answer may take, beyond what the order asks for

// program is a process that takes orders and answers each with a line.
type program struct {
	*lab.Program
	job  *job
	name string
}

// start runs a program on a host until the job ends.
func (j *job) start(h *lab.Host, server, path string, args ...string) *program {
	environment := []string{"THINGP2P_SERVER=" + server, "THINGP2P_MAX_SESSIONS_PER_APP=1024"} // few apps hold many
	return &program{h.Start(j, environment, path, args...), j, filepath.Base(path)}
}

// line waits for the next one.
func (p *program) line(limit time.Duration) string {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case line, ok := <-p.Lines:
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
	_, err := io.WriteString(p.Stdin, order+"\n")
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
