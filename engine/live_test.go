package engine_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestFrames: both ends send some of all sizes on several channels, beside bytes on others.
func TestFrames(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	const count = 250 // of which none has to wait
	size := func(i int) int { return 1 + i*i*7%8000 }
	send := func(from *engine.Session, channel int) <-chan error {
		done := make(chan error, 1)
		go func() {
			for i := range count {
				if err := from.SendFrame(channel, bytes.Repeat([]byte{byte(i)}, size(i)), i%30 == 0, 0); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		return done
	}
	read := func(to *engine.Session, channel int) {
		t.Helper()
		for i := range count {
			f, err := to.ReadFrame(channel, engine.MaxFrame, await.Limit)
			if err != nil || f.Sequence != uint64(i)+1 || f.Missing != 0 || f.Key != (i%30 == 0) || !bytes.Equal(f.Bytes, bytes.Repeat([]byte{byte(i)}, size(i))) {
				t.Fatalf("frame %d: number %d, %d bytes, %d missing, key %v, %v", i, f.Sequence, len(f.Bytes), f.Missing, f.Key, err)
			}
		}
	}
	sent := []<-chan error{send(device, 1), send(device, 2), send(app, 1), send(app, 6)}
	transfer(t, app, device, 0, 1<<20)
	transfer(t, device, app, 0, 1<<20)
	read(app, 1)
	read(app, 2)
	read(device, 1)
	read(device, 6)
	for _, done := range sent {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if a, d := app.Info(), device.Info(); a.BytesSent != d.BytesReceived || a.BytesReceived != d.BytesSent {
		t.Errorf("app %d and %d, device %d and %d", a.BytesSent, a.BytesReceived, d.BytesReceived, d.BytesSent)
	}
	device.Close()
	for channel := range engine.Channels {
		if _, err := app.ReadFrame(channel, 100, -1); err != engine.ErrClosedRemote && channel != 0 || channel == 0 && err != engine.ErrInvalidParameter {
			t.Errorf("channel %d after the end: %v", channel, err)
		}
	}
}

// TestAChannelCarriesBytesOrFrames, in each direction for itself, as the first call says.
func TestAChannelCarriesBytesOrFrames(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	bytesReader, frameReader := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := app.Read(1, make([]byte, 1), await.Limit)
		bytesReader <- err
	}()
	go func() {
		_, err := app.ReadFrame(2, 1, await.Limit)
		frameReader <- err
	}()
	if err := device.SendFrame(1, []byte("frame"), true, time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := device.Send(2, []byte("bytes"), -1); err != nil {
		t.Fatal(err)
	}
	if err := <-bytesReader; err != engine.ErrInvalidParameter {
		t.Errorf("who waited for bytes: %v", err)
	}
	if err := <-frameReader; err != engine.ErrInvalidParameter {
		t.Errorf("who waited for a frame: %v", err)
	}
	if _, err := device.Send(1, []byte("bytes"), -1); err != engine.ErrInvalidParameter {
		t.Errorf("bytes among frames: %v", err)
	}
	if err := device.SendFrame(2, []byte("frame"), true, 0); err != engine.ErrInvalidParameter {
		t.Errorf("a frame among bytes: %v", err)
	}
	if _, err := app.Read(1, make([]byte, 1), 0); err != engine.ErrInvalidParameter {
		t.Errorf("bytes of frames: %v", err)
	}
	if _, err := app.ReadFrame(2, 1, 0); err != engine.ErrInvalidParameter {
		t.Errorf("a frame of bytes: %v", err)
	}
	transfer(t, app, device, 1, 1000) // the other direction
	if f, err := app.ReadFrame(1, 4, await.Limit); err != engine.ErrBufferTooSmall || len(f.Bytes) != 5 {
		t.Errorf("%d bytes, %v", len(f.Bytes), err)
	}
	if f, err := app.ReadFrame(1, 5, await.Limit); err != nil || string(f.Bytes) != "frame" {
		t.Errorf("%q, %v", f.Bytes, err)
	}
}

// TestWhoComesLateForFrames of a channel that brings bytes is told so, whichever was first.
func TestWhoComesLateForFrames(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	for channel := range engine.Channels {
		reading := make(chan error, 1)
		go func() {
			_, err := app.ReadFrame(channel, 1, await.Limit)
			reading <- err
		}()
		if _, err := device.Send(channel, []byte("bytes"), -1); err != nil {
			t.Fatal(err)
		}
		if err := <-reading; err != engine.ErrInvalidParameter {
			t.Errorf("channel %d: %v", channel, err)
		}
	}
}

// TestManyFramesAreBounded: a reader that sleeps costs memory for some, and holds up no other channel.
func TestManyFramesAreBounded(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	taken, random := 0, rand.New(rand.NewPCG(1, 1))
	for channel := range engine.Channels {
		for size := 1; device.SendFrame(1, make([]byte, size), true, 0) == nil; size = 1 + random.IntN(100_000) {
			taken += size
		}
		if channel != 1 {
			transfer(t, device, app, channel, 1<<20)
		}
	}
	// 4 MB wait here, 8 MB and a frame there, and some streams are in between.
	if taken > 24<<20 {
		t.Errorf("%d bytes were taken of a channel that nobody reads", taken)
	}
}
