//go:build linux

package main

import (
	"encoding/binary"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// message is as in programs/message.h, where the kinds are explained.
type message struct {
	Kind      uint64
	Arguments [7]uint64
}

const (
	kindPing   = 'P'
	kindFlood  = 'F'
	kindSink   = 'S'
	kindCamera = 'C'
	kindUsage  = 'U'
)

const (
	framesPerSecond = 25
	keyFrameBytes   = 100 * 1000
	frameHeadBytes  = 16 // its size, and when it was taken in microseconds
)

func readMessage(c channel) (m message, err error) {
	var b [64]byte
	if _, err = io.ReadFull(c, b[:]); err == nil {
		_, err = binary.Decode(b[:], binary.NativeEndian, &m)
	}
	return m, err
}

// messageWriter keeps the messages of several goroutines apart.
type messageWriter struct {
	mu sync.Mutex
	c  channel
}

func (w *messageWriter) write(m message) error {
	b, err := binary.Append(nil, binary.NativeEndian, m)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.c.Write(b)
	return err
}

// now is in microseconds on the clock that the C programs and package bench use.
func now() int64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano() / 1000
}

func sleepUntil(when int64) { time.Sleep(time.Duration(when-now()) * time.Microsecond) }

// deadline turns a time of now into one of package time.
func deadline(when int64) time.Time {
	return time.Now().Add(time.Duration(when-now()) * time.Microsecond)
}

// cpu is what the process has used, in microseconds.
func cpu() int64 {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}
