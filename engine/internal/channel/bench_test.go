package channel

import (
	"io"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// loopStream gives back what was written to it, in a fixed buffer.
type loopStream struct {
	bytes chan [64]byte
	held  [64]byte
	has   bool
}

func (s *loopStream) Write(p []byte) (int, error) {
	for total := 0; total < len(p); {
		var packet [64]byte
		total += copy(packet[:], p[total:])
		s.bytes <- packet
	}
	return len(p), nil
}

func (s *loopStream) Peek(p []byte) (int, error) {
	if !s.has {
		var ok bool
		if s.held, ok = <-s.bytes; !ok {
			return 0, io.EOF
		}
		s.has = true
	}
	return copy(p, s.held[:]), nil
}

func (s *loopStream) Read(p []byte) (int, error) {
	n, err := s.Peek(p)
	s.has = false
	return n, err
}

func (s *loopStream) Close() error                    { return nil }
func (s *loopStream) SetReadDeadline(time.Time) error { return nil }

func loopChannel(t testing.TB) *Channel {
	s := &loopStream{bytes: make(chan [64]byte, 16)}
	c := New(s, 256<<10, func() {}, panics.Guard{})
	t.Cleanup(func() {
		c.Drain(time.Time{}) // or nobody would take what is still being written
		c.Refuse(codes.ErrClosedLocal)
		c.Flush(time.Time{})
		close(s.bytes)
		c.Wait()
	})
	return c
}

// roundTrip sends a short message and reads it back.
func roundTrip(t testing.TB, c *Channel, p []byte) {
	if _, err := c.Send(p, await.Limit); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < len(p); {
		n, err := c.Read(p[got:], await.Limit)
		if err != nil {
			t.Fatal(err)
		}
		got += n
	}
}

// TestMessageAllocatesNothing, though an idle channel keeps no goroutine, and
// each message starts one.
func TestMessageAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector drops what is pooled at random")
	}
	c := loopChannel(t)
	p := make([]byte, 64)
	if n := testing.AllocsPerRun(1000, func() { roundTrip(t, c, p) }); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

// TestStreamingAllocatesNothing: while the buffers do not run empty, send and
// read only copy.
func TestStreamingAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector drops what is pooled at random")
	}
	c := loopChannel(t)
	ahead, p := make([]byte, 128<<10), make([]byte, 64)
	if _, err := c.Send(ahead, 0); err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(10_000, func() {
		if n, err := c.Send(p, -1); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
		for got := 0; got < len(p); {
			n, err := c.Read(p[got:], -1)
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	c := loopChannel(b)
	p := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		roundTrip(b, c, p)
	}
}

func BenchmarkFIFO(b *testing.B) {
	var f fifo
	p := make([]byte, 16<<10)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		f.write(p)
		f.read(p)
	}
}

func (s *loopStream) SetWriteDeadline(time.Time) error { return nil }

func (s *loopStream) Opened() bool { return true }
