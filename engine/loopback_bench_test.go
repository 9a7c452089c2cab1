package engine_test

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// What the calls of a session on this machine cost, both ends and all of QUIC
// included.

// benchSession is a session on loopback, warm: its windows have grown.
func benchSession(b *testing.B) (app, device *engine.Session) {
	app, device = newPair(b, startServer(b).URL(), nil).connect(b)
	transfer(b, device, app, 1, 32<<20)
	return app, device
}

// readFull reads exactly len(p) bytes.
func readFull(b *testing.B, s *engine.Session, channel int, p []byte) {
	for got := 0; got < len(p); {
		n, err := s.Read(channel, p[got:], 10*time.Second)
		if err != nil {
			b.Fatal(err)
		}
		got += n
	}
}

func sendAll(b *testing.B, s *engine.Session, channel int, p []byte) {
	if n, err := s.Send(channel, p, 10*time.Second); n != len(p) || err != nil {
		b.Error(n, err)
	}
}

// BenchmarkCommand is a 64-byte message there and back: two sends, two reads.
func BenchmarkCommand(b *testing.B) {
	app, device := benchSession(b)
	there, back := make([]byte, 64), make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		sendAll(b, app, 0, there)
		readFull(b, device, 0, back)
		sendAll(b, device, 0, back)
		readFull(b, app, 0, there)
	}
}

// BenchmarkBulk is 1 MB in 64 KB calls of send and read.
func BenchmarkBulk(b *testing.B) {
	const size, part = 1 << 20, 64 << 10
	app, device := benchSession(b)
	out, in := make([]byte, part), make([]byte, part)
	go64 := make(chan struct{})
	go func() {
		for range go64 {
			for range size / part {
				sendAll(b, device, 1, out)
			}
		}
	}()
	b.Cleanup(func() { close(go64) })
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		go64 <- struct{}{}
		for range size / part {
			readFull(b, app, 1, in)
		}
	}
}
