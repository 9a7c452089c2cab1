// Command testlog reads what `go test -json` prints and tells what a reader of the test run wants to know: what failed,
// with its output, what was skipped and why, and how many passed. The whole output goes to the file that it is given.
//
//	go test -json ./... | testlog FILE
//
// The exit code is that of a reader: 0 if the input could be read. `go test` itself tells whether the tests passed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of `go test -json`; `go doc test2json` describes it.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64 // seconds
}

// key names a test, or a package (Test is empty).
type key struct{ pkg, test string }

type summary struct {
	log    io.Writer
	out    io.Writer
	output map[key]*strings.Builder // of what has not ended yet
	passed int
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go test -json ... | testlog FILE")
		os.Exit(2)
	}
	log, err := os.OpenFile(os.Args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		err = (&summary{log: log, out: os.Stdout, output: make(map[key]*strings.Builder)}).read(os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testlog:", err)
		os.Exit(1)
	}
}

func (s *summary) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if err == io.EOF {
			fmt.Fprintf(s.out, "%d tests passed\n", s.passed)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil { // a message of the go command itself
		fmt.Fprint(s.log, line)
		fmt.Fprint(s.out, line)
		return
	}
	if e.Package == "" {
		e.Package = e.ImportPath // a build
	}
	k := key{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		fmt.Fprint(s.log, e.Output)
		if s.output[k] == nil {
			s.output[k] = new(strings.Builder)
		}
		s.output[k].WriteString(e.Output)
	case "pass":
		if e.Test != "" {
			s.passed++
		} else {
			fmt.Fprintf(s.out, "ok      %s (%.1f s)\n", e.Package, e.Elapsed)
		}
		delete(s.output, k)
	case "skip":
		if e.Test != "" {
			fmt.Fprintf(s.out, "SKIPPED %s %s: %s\n", e.Package, e.Test, reason(s.text(k)))
		}
		delete(s.output, k)
	case "fail", "build-fail":
		fmt.Fprintf(s.out, "FAILED  %s %s (%.1f s)\n%s", e.Package, e.Test, e.Elapsed, s.text(k))
		delete(s.output, k)
	}
}

func (s *summary) text(k key) string {
	if b := s.output[k]; b != nil {
		return b.String()
	}
	return ""
}

// reason is the last thing that a skipped test said: t.Skip's message, without its file and line.
func reason(output string) string {
	var last string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") || line == "" {
			continue
		}
		last = line
	}
	if _, message, ok := strings.Cut(last, ".go:"); ok {
		_, last, _ = strings.Cut(message, ": ")
	}
	return last
}
