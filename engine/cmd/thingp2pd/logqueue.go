package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// logQueue writes lines one after the other, and makes nobody wait: where they go, such as a pipe that nobody reads, or a full
// disk, may stand still for ever. What is too much is dropped, and told.
type logQueue struct {
	to    io.Writer
	lines chan []byte
	ended chan struct{}

	mu     sync.Mutex
	closed bool
	lost   int
}

const (
	logLines = 1024
	logTime  = time.Second // to write what waits, at the end
)

func newLogQueue(to io.Writer) *logQueue {
	q := &logQueue{to: to, lines: make(chan []byte, logLines), ended: make(chan struct{})}
	panics.Guard{}.Go(q.run)
	return q
}

// Write takes one line, as slog's handlers write them.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return len(line), nil
	}
	select {
	case q.lines <- append([]byte(nil), line...):
	default:
		q.lost++
	}
	return len(line), nil
}

func (q *logQueue) run() {
	defer close(q.ended)
	for line := range q.lines {
		q.to.Write(line)
		q.mu.Lock()
		lost := q.lost
		q.lost = 0
		q.mu.Unlock()
		if lost > 0 {
			fmt.Fprintf(q.to, "%d lines of the log were lost, since it was not read\n", lost)
		}
	}
}

// close writes what waits, unless that takes too long.
func (q *logQueue) close() {
	q.mu.Lock()
	q.closed = true
	close(q.lines)
	q.mu.Unlock()
	timer := time.NewTimer(logTime)
	defer timer.Stop()
	select {
	case <-q.ended:
	case <-timer.C:
	}
}
