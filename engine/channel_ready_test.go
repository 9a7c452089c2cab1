package engine

import (
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// telling is a stream that can tell when it is readable, like QUIC's in our build.
type telling struct {
	*fakeStream
	ready func()
}

func (s *telling) TryRead(p []byte) (n int, ok bool) {
	s.do(func() {
		if s.deadline.IsZero() {
			n = copy(p, s.incoming)
			s.incoming = s.incoming[n:]
		}
	})
	return n, true
}

func (s *telling) WhenReadable(ready func()) (ok bool) {
	s.do(func() { s.ready = ready })
	s.tell()
	return true
}

func (s *telling) tell() {
	s.do(func() {
		if s.ready != nil && (len(s.incoming) > 0 || s.end != nil) {
			go s.ready()
			s.ready = nil
		}
	})
}

func (s *telling) arrive(p string) {
	s.fakeStream.arrive(p)
	s.tell()
}

func tellingChannel(t *testing.T) (*channel, *telling) {
	s := &telling{fakeStream: newFakeStream(endless)}
	c := newChannel(s, 100, func() {}, panics.Guard{})
	t.Cleanup(func() {
		c.refuse(ErrClosedLocal)
		s.finish(io.EOF)
		c.wait()
	})
	return c, s
}

// readies counts the calls.
func readies(when func(deadline time.Time, ready func()), deadline time.Time) *atomic.Int32 {
	count := new(atomic.Int32)
	when(deadline, func() { count.Add(1) })
	synctest.Wait()
	return count
}

func wantReadies(t *testing.T, count *atomic.Int32, want int32) {
	t.Helper()
	synctest.Wait()
	if got := count.Load(); got != want {
		t.Errorf("called %d times, want %d", got, want)
	}
}

func TestReadThatMustNotWaitTakesNoTimeAndNoGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := tellingChannel(t)
		read := func(want string, wantErr error) {
			t.Helper()
			if d := took(func() { wantRead(t, c, 0, want, wantErr) }); d != 0 {
				t.Errorf("took %v", d)
			}
		}
		read("", ErrTimeout)
		s.arrive("ab")
		read("a", nil)
		read("b", nil)
		read("", ErrTimeout)
		if c.received.Load() != 2 || c.receiving {
			t.Errorf("%d bytes counted, receiving %v", c.received.Load(), c.receiving)
		}
		wantRead(t, c, time.Second, "", ErrTimeout) // leaves a deadline in the past
		s.arrive("c")
		read("c", nil)
	})
}

func TestReadThatMustNotWaitLeavesAWaitingReaderItsBytes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := tellingChannel(t)
		time.AfterFunc(time.Second, func() {
			wantRead(t, c, 0, "", ErrTimeout)
			s.arrive("x")
		})
		wantRead(t, c, -1, "x", nil)
	})
}

func TestReadersAreToldOnceAndInTime(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := tellingChannel(t)
		wantReadersTold(t, c, s.arrive)
	})
	inBubble(t, func(t *testing.T) { // by a stream that cannot tell
		c, s := testChannel(t, 100, endless)
		wantReadersTold(t, c, s.arrive)
	})
}

func wantReadersTold(t *testing.T, c *channel, arrive func(string)) {
	first, second := readies(c.whenReadable, time.Time{}), readies(c.whenReadable, time.Now().Add(time.Minute))
	late := readies(c.whenReadable, time.Now().Add(time.Second))
	time.Sleep(time.Second)
	wantReadies(t, late, 1)
	wantReadies(t, first, 0)
	arrive("x")
	wantReadies(t, first, 1)
	wantReadies(t, second, 1)
	wantReadies(t, readies(c.whenReadable, time.Time{}), 1) // it is still there
	wantRead(t, c, 0, "x", nil)
	again := readies(c.whenReadable, time.Now().Add(time.Second))
	wantReadies(t, again, 0)
	time.Sleep(time.Hour)
	for _, count := range []*atomic.Int32{first, second, late, again} {
		wantReadies(t, count, 1)
	}
}

func TestReadersAreToldOfTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		for _, reason := range []Code{ErrClosedLocal, ErrClosedRemote} {
			c, s := tellingChannel(t)
			waiting := readies(c.whenReadable, time.Time{})
			c.refuse(reason)
			wantReadies(t, waiting, 1)
			waiting = readies(c.whenReadable, time.Time{})
			s.finish(io.EOF)
			s.tell()
			wantReadies(t, waiting, 1)
			wantRead(t, c, 0, "", reason)
			wantReadies(t, readies(c.whenReadable, time.Time{}), 1)
		}
	})
}

func TestSendersAreToldOfRoomAndOfTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, s := testChannel(t, 10, 0)
		wantReadies(t, readies(c.whenWritable, time.Time{}), 1)
		wantSend(t, c, 20, 0, 10, nil)
		wantSend(t, c, 1, 0, 0, ErrTimeout)
		waiting := readies(c.whenWritable, time.Time{})
		late := readies(c.whenWritable, time.Now().Add(time.Second))
		wantReadies(t, waiting, 0)
		time.Sleep(time.Second)
		wantReadies(t, late, 1)
		s.open(10)
		wantReadies(t, waiting, 1)
		wantSend(t, c, 10, 0, 10, nil)
		waiting = readies(c.whenWritable, time.Time{})
		c.refuse(ErrClosedRemote)
		wantReadies(t, waiting, 1)
		wantReadies(t, late, 1)
		wantReadies(t, readies(c.whenWritable, time.Time{}), 1)
		s.open(endless)
	})
}
