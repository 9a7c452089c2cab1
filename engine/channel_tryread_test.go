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

func (s patientStream) TryRead(p []byte) (n int, ok bool) {
	s.do(func() {
		if s.deadline.IsZero() {
			n = copy(p, s.incoming)
			s.incoming = s.incoming[n:]
		}
	})
	return n, true
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

// wantAtOnce wants what a read that must not wait returns, "" for ErrTimeout.
func wantAtOnce(t *testing.T, c *channel, want string) {
	t.Helper()
	var wantErr error
	if want == "" {
		wantErr = ErrTimeout
	}
	if d := took(func() { wantRead(t, c, 0, want, wantErr) }); d != 0 {
		t.Errorf("waited %v", d)
	}
}

func TestReadThatMustNotWaitTakesNoTimeAndNoGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		wantAtOnce(t, c, "")
		s.arrive("ab")
		wantAtOnce(t, c, "a")
		wantAtOnce(t, c, "b")
		wantAtOnce(t, c, "")
		if c.received.Load() != 2 || c.receiving {
			t.Errorf("%d bytes counted, receiving %v", c.received.Load(), c.receiving)
		}
		wantRead(t, c, time.Second, "", ErrTimeout) // leaves a deadline in the past
		s.arrive("c")
		wantAtOnce(t, c, "c")
	})
}

func TestReadThatMustNotWaitLeavesAWaitingReaderItsBytes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		time.AfterFunc(time.Second, func() {
			wantAtOnce(t, c, "")
			s.arrive("x")
		})
		wantRead(t, c, -1, "x", nil)
	})
}

func TestReadThatMustNotWaitTakesTheQueueFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := patientChannel(t)
		s.arrive("abc")
		c.refuse(ErrClosedRemote) // from here on, a goroutine fills the queue
		synctest.Wait()
		wantAtOnce(t, c, "ab")
		s.arrive("d")
		s.finish(io.EOF)
		synctest.Wait()
		wantAtOnce(t, c, "cd")
		wantRead(t, c, 0, "", ErrClosedRemote)
	})
}
