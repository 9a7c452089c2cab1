package engine

import (
	"io"

	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// patientStream gives what has arrived without waiting, like QUIC's streams in our build.
type patientStream struct{ *fakeStream }

func (s patientStream) TryRead(p []byte) (n int) {
	s.do(func() {
		if s.deadline.IsZero() {
			n = copy(p, s.incoming)
			s.incoming = s.incoming[n:]
		}
	})
	return n
}

func patientChannel(t *testing.T) (*channel, *fakeStream) {
	s := newFakeStream(endless)
	c := newChannel(patientStream{s}, 100, func() {}, panics.Guard{})
	t.Cleanup(func() {
		c.refuse(ErrClosedLocal)
		s.finish(io.EOF)
		c.wait()
	})
	return c, s
}

func wantTryRead(t *testing.T, c *channel, want string) {
	t.Helper()
	p := make([]byte, max(len(want), 1))
	var n int
	if d := took(func() { n = c.tryRead(p) }); d != 0 {
		t.Errorf("waited %v", d)
	}
	if string(p[:n]) != want {
		t.Errorf("read %q, want %q", p[:n], want)
	}
}

func TestTryReadNeverWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		wantTryRead(t, c, "")
		s.arrive("ab")
		wantTryRead(t, c, "a")
		wantTryRead(t, c, "b")
		wantTryRead(t, c, "")
		if c.received.Load() != 2 || c.receiving {
			t.Errorf("%d bytes counted, receiving %v", c.received.Load(), c.receiving)
		}
		wantRead(t, c, time.Second, "", ErrTimeout) // leaves a deadline in the past
		s.arrive("c")
		wantTryRead(t, c, "c")
	})
}

func TestTryReadLeavesAWaitingReaderItsBytes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		time.AfterFunc(time.Second, func() {
			wantTryRead(t, c, "")
			s.arrive("x")
		})
		wantRead(t, c, -1, "x", nil)
	})
}

func TestTryReadTakesTheQueueFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		s.arrive("abc")
		c.refuse(ErrClosedRemote) // from here on, a goroutine fills the queue
		synctest.Wait()
		wantTryRead(t, c, "ab")
		s.arrive("d")
		s.finish(io.EOF)
		synctest.Wait()
		wantTryRead(t, c, "cd")
		wantTryRead(t, c, "")
		wantRead(t, c, 0, "", ErrClosedRemote)
	})
}

func TestTryReadTellsNothingAfterALocalClose(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		s.arrive("x")
		c.refuse(ErrClosedLocal)
		wantTryRead(t, c, "")
		wantRead(t, c, 0, "", ErrClosedLocal)
	})
}
