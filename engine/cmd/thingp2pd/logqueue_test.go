package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// stuck takes nothing until it is let go.
type stuck struct {
	bytes.Buffer
	goOn chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.goOn
	return s.Buffer.Write(p)
}

// TestLogThatNobodyReads holds nobody up, and neither does its end.
func TestLogThatNobodyReads(t *testing.T) {
	to := &stuck{goOn: make(chan struct{})}
	q := newLogQueue(to)
	for n := range 2 * logLines {
		fmt.Fprintf(q, "line %d\n", n)
	}
	q.close() // or nothing goes on
	close(to.goOn)
	<-q.ended
	fmt.Fprintln(q, "too late")
	if text := to.String(); strings.Count(text, "line") < logLines || !strings.HasPrefix(text, "line 0\n") || !strings.Contains(text, "were lost") || strings.Contains(text, "late") {
		t.Errorf("it has %d lines", strings.Count(text, "\n"))
	}
}
