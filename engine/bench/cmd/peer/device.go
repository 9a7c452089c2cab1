//go:build linux

package main

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// device is the device's end of a session.
type device struct {
	session session
	answers messageWriter
	workers sync.WaitGroup
	sunk    atomic.Uint64 // bytes
}

func newDevice(s session) *device { return &device{session: s} }

// serve does what the messages on the channel of commands ask for, until the
// session ends.
func (d *device) serve() {
	defer d.workers.Wait()
	defer d.session.close()
	orders, err := d.session.channel(commands)
	if err != nil {
		return
	}
	d.answers.c = orders
	for {
		m, err := readMessage(orders)
		if err != nil {
			return
		}
		ms := int64(m.Arguments[1])
		switch m.Kind {
		case kindFlood:
			d.onEach(m.Arguments[0], func(c channel) { flood(c, now()+ms*1000) })
		case kindSink:
			d.onEach(m.Arguments[0], d.sink)
		case kindCamera:
			d.onEach(1<<video, func(c channel) { camera(c, int64(m.Arguments[0]), ms*framesPerSecond/1000) })
		default:
			if m.Kind == kindUsage {
				m.Arguments = [7]uint64{d.sunk.Load(), uint64(cpu()), uint64(now())}
			}
			if d.answers.write(m) != nil {
				return
			}
		}
	}
}

// onEach starts work on the channels of a bit mask.
func (d *device) onEach(mask uint64, work func(channel)) {
	for number := range channels {
		if mask>>number&1 == 0 {
			continue
		}
		d.workers.Go(func() {
			if c, err := d.session.channel(number); err == nil {
				work(c)
			}
		})
	}
}

func (d *device) sink(c channel) {
	block := make([]byte, blockBytes)
	for {
		n, err := c.Read(block)
		d.sunk.Add(uint64(n))
		if err != nil {
			return
		}
	}
}

// flood sends as fast as it can.
func flood(c channel, until int64) {
	c.SetWriteDeadline(deadline(until))
	block := make([]byte, blockBytes)
	for {
		if _, err := c.Write(block); err != nil {
			return
		}
	}
}

// camera sends a large frame each second, and small ones in between. One that
// cannot be sent yet makes those behind it late.
func camera(c channel, bitsPerSecond, frames int64) {
	small := (bitsPerSecond/8 - keyFrameBytes) / (framesPerSecond - 1)
	frame := make([]byte, keyFrameBytes)
	start := now()
	for number := range frames {
		size := small
		if number%framesPerSecond == 0 {
			size = keyFrameBytes
		}
		taken := start + number*1_000_000/framesPerSecond
		sleepUntil(taken)
		binary.NativeEndian.PutUint64(frame, uint64(size))
		binary.NativeEndian.PutUint64(frame[8:], uint64(taken))
		if _, err := c.Write(frame[:size]); err != nil {
			return
		}
	}
}
