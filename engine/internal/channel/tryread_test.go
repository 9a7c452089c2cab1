package channel

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
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

func patientChannel(t *testing.T) (*Channel, *fakeStream) {
	s := newFakeStream(endless)
	c := New(patientStream{s}, 100, func() {}, panics.Guard{})
	t.Cleanup(func() {
		c.Refuse(codes.ErrClosedLocal)
		s.finish(io.EOF)
		c.Wait()
	})
	return c, s
}

// wantAtOnce wants what a read that must not wait returns, "" for codes.ErrTimeout.
func wantAtOnce(t *testing.T, c *Channel, want string) {
	t.Helper()
	var wantErr error
	if want == "" {
		wantErr = codes.ErrTimeout
	}
	if d := bubble.Took(func() { wantRead(t, c, 0, want, wantErr) }); d != 0 {
		t.Errorf("waited %v", d)
	}
}

func TestReadThatMustNotWaitTakesNoTimeAndNoGoroutine(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := patientChannel(t)
		wantAtOnce(t, c, "")
		s.arrive("ab")
		wantAtOnce(t, c, "a")
		wantAtOnce(t, c, "b")
		wantAtOnce(t, c, "")
		if c.Received.Load() != 2 || c.reader != nobody {
			t.Errorf("%d bytes counted, read by %v", c.Received.Load(), c.reader)
		}
		wantRead(t, c, time.Second, "", codes.ErrTimeout) // leaves a deadline in the past
		s.arrive("c")
		wantAtOnce(t, c, "c")
	})
}

func TestReadThatMustNotWaitLeavesAWaitingReaderItsBytes(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := patientChannel(t)
		time.AfterFunc(time.Second, func() {
			wantAtOnce(t, c, "")
			s.arrive("x")
		})
		wantRead(t, c, -1, "x", nil)
	})
}

func TestReadThatMustNotWaitTakesTheQueueFirst(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := patientChannel(t)
		s.arrive("abc")
		c.Refuse(codes.ErrClosedRemote) // from here on, a goroutine fills the queue
		synctest.Wait()
		wantAtOnce(t, c, "ab")
		s.arrive("d")
		s.finish(io.EOF)
		synctest.Wait()
		wantAtOnce(t, c, "cd")
		wantRead(t, c, 0, "", codes.ErrClosedRemote)
	})
}
