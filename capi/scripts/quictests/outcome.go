package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// test names one on the top level of a package.
type test struct{ pkg, name string }

// outcome is what was heard of tests.
type outcome struct {
	results map[test]string // pass, fail or skip; a package as a whole has no name
	running map[test]bool
	output  map[test]*strings.Builder
}

func newOutcome() *outcome {
	return &outcome{results: make(map[test]string), running: make(map[test]bool), output: make(map[test]*strings.Builder)}
}

// event is a line of `go test -json`; `go doc test2json` describes it.
type event struct{ Action, Package, ImportPath, Test, Output string }

// run runs go test.
func (o *outcome) run(log io.Writer, args ...string) error {
	cmd := exec.Command("go", append([]string{"test", "-json", "-count=1"}, args...)...)
	cmd.Stderr = io.MultiWriter(log, os.Stderr)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	if err := o.read(out, log); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		if _, failed := errors.AsType[*exec.ExitError](err); !failed { // that tests fail is told above
			return err
		}
	}
	return nil
}

func (o *outcome) read(in io.Reader, log io.Writer) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			o.take(e)
			io.WriteString(log, e.Output)
		} else {
			log.Write(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (o *outcome) take(e event) {
	name, _, sub := strings.Cut(e.Test, "/")
	t := test{e.Package, name}
	if t.pkg == "" { // of a build
		t.pkg, _, _ = strings.Cut(e.ImportPath, " ")
	}
	if o.output[t] == nil {
		o.output[t] = new(strings.Builder)
	}
	o.output[t].WriteString(e.Output)
	switch {
	case sub:
	case e.Action == "run":
		o.running[t] = true
	case e.Action == "pass", e.Action == "fail", e.Action == "skip":
		o.end(t, e.Action)
	case e.Action == "build-fail":
		o.end(test{pkg: t.pkg}, "fail")
	}
}

// end notes a result. A package that ends while one of its tests runs was ended by that.
func (o *outcome) end(t test, result string) {
	delete(o.running, t)
	if t.name != "" {
		o.results[t] = result
		return
	}
	if o.results[t] != "fail" { // the first time counts, too
		o.results[t] = result
	}
	for other := range o.running {
		if other.pkg == t.pkg {
			o.end(other, "fail")
		}
	}
}

// missing are the tests of which nothing was heard.
func (o *outcome) missing(there []test) (missing []test) {
	for _, t := range there {
		if o.results[t] == "" {
			missing = append(missing, t)
		}
	}
	return missing
}

// listTests lists the tests of packages.
func listTests(flags, packages []string) ([]test, error) {
	cmd := exec.Command("go", slices.Concat([]string{"test", "-json", "-list", "^(Test|Fuzz|Example)"}, flags, packages)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the tests: %w\n%s%s", err, stderr.Bytes(), out)
	}
	var tests []test
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) != nil || e.Action != "output" {
			continue
		}
		if name := strings.TrimSpace(e.Output); isTestName(name) {
			tests = append(tests, test{e.Package, name})
		}
	}
	if len(tests) == 0 {
		return nil, errors.New("there are no tests: run this in the folder of the copy")
	}
	return tests, nil
}

// isTestName tells names from the other lines that -list prints.
func isTestName(line string) bool {
	for _, kind := range []string{"Test", "Fuzz", "Example"} {
		if strings.HasPrefix(line, kind) {
			return !strings.ContainsAny(line, " \t")
		}
	}
	return false
}

func byPackage(tests []test) map[string][]string {
	names := make(map[string][]string)
	for _, t := range tests {
		names[t.pkg] = append(names[t.pkg], t.name)
	}
	return names
}

// only is the pattern that matches these tests.
func only(names []string) string { return "^(" + strings.Join(names, "|") + ")$" }
