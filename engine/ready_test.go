package engine_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// Both ends wait without a goroutine: every byte arrives once, and the end after the last one.
func TestTransferWithoutWaiting(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	sent := make([]byte, 8<<20)
	rand.Read(sent)
	go func() {
		for rest := sent; len(rest) > 0; {
			n, err := device.Send(1, rest[:min(len(rest), 100_000)], 0)
			if err == engine.ErrTimeout {
				until(device.WhenWritable, 1)
			} else if err != nil {
				t.Error(err)
				return
			}
			rest = rest[n:]
		}
		device.Close()
	}()
	var got []byte
	waits := 0
	for buffer := make([]byte, 16<<10); ; {
		n, err := app.Read(1, buffer, 0)
		if err == engine.ErrTimeout {
			until(app.WhenReadable, 1)
			waits++
		} else if err == engine.ErrClosedRemote {
			break
		} else if err != nil {
			t.Fatalf("after %d bytes: %v", len(got), err)
		}
		got = append(got, buffer[:n]...)
	}
	if !bytes.Equal(got, sent) {
		t.Errorf("%d bytes arrived of %d, or not the same", len(got), len(sent))
	}
	if waits == 0 {
		t.Error("never waited: nothing was tried")
	}
	until(app.WhenReadable, 1)
	until(app.WhenReadable, -1)
	until(device.WhenWritable, 1)
	until(device.WhenWritable, engine.Channels)
}

// until returns when a session has called.
func until(when func(channel int, deadline time.Time, ready func()), channel int) {
	ready := make(chan struct{})
	when(channel, time.Time{}, func() { close(ready) })
	<-ready
}
