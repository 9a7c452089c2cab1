package channel

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// TestClear: what the stream has taken stays, all else is dropped, and what is sent next follows.
func TestClear(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 1<<20, 3)
		wantSend(t, c, 10000, 0, 10000, nil)
		synctest.Wait()
		time.Sleep(time.Second)
		if n, age := c.Unsent(); n != 10000 || age != time.Second {
			t.Errorf("%d bytes are queued, the oldest for %v", n, age)
		}
		if n := c.Clear(); n != 9997 {
			t.Errorf("dropped %d bytes", n)
		}
		if n, age := c.Unsent(); n != 0 || age != 0 {
			t.Errorf("%d bytes are queued, the oldest for %v", n, age)
		}
		if n := c.Clear(); n != 0 {
			t.Errorf("dropped %d bytes of none", n)
		}
		s.open(endless)
		wantSend(t, c, 5, 0, 5, nil)
		synctest.Wait()
		if n := len(s.written()); n != 8 {
			t.Errorf("%d bytes were written", n)
		}
	})
}

// TestClearBeforeTheStreamIsOpen: nothing of what was cleared leaves, what comes after it does, and Clear does not wait
// until the peer allows the stream.
func TestClearBeforeTheStreamIsOpen(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		allowed, under := make(chan struct{}), newFakeStream(endless)
		streams := &Streams{Number: 5, Open: func() (SendStream, error) {
			<-allowed
			return under, nil
		}}
		c := New(streams, 1<<20, func() {}, panics.Guard{})
		wantSend(t, c, 70_000, 0, 70_000, nil)
		synctest.Wait()
		if n := c.Clear(); n != 70_000 {
			t.Errorf("dropped %d bytes", n)
		}
		if n, _ := c.Unsent(); n != 0 {
			t.Errorf("%d bytes are queued", n)
		}
		wantSend(t, c, 3, 0, 3, nil)
		close(allowed)
		synctest.Wait()
		if got := under.written(); len(got) != 4 || got[0] != 5 {
			t.Errorf("%d bytes were written", len(got))
		}
		if n, _ := c.Unsent(); n != 0 {
			t.Errorf("%d bytes are queued", n)
		}
		c.Refuse(codes.ErrClosedLocal)
		streams.Finish()
		c.Wait()
	})
}

// TestCloseBehindAClear: the peer must learn whose stream it is.
func TestCloseBehindAClear(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		under := newFakeStream(0)
		streams := &Streams{Number: 5, Open: func() (SendStream, error) { return under, nil }}
		c := New(streams, 1<<20, func() {}, panics.Guard{})
		wantSend(t, c, 10, 0, 10, nil)
		synctest.Wait()
		if n := c.Clear(); n != 10 {
			t.Errorf("dropped %d bytes", n)
		}
		under.open(endless)
		c.Refuse(codes.ErrClosedLocal)
		c.Flush(time.Now().Add(time.Second))
		if under.written() != "\x05" || !under.closed {
			t.Errorf("%q was written, closed: %v", under.written(), under.closed)
		}
		streams.Finish()
		c.Wait()
	})
}
