package channel

import (
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

// testChannelStream is a channelStream and what it opens, which counts.
func testChannelStream() (s *Streams, out *fakeStream, opened *int) {
	out, opened = newFakeStream(endless), new(int)
	s = &Streams{Number: '#', Open: func() (SendStream, error) {
		*opened++
		return out, nil
	}}
	return s, out, opened
}

func TestStreamIsOpenedByTheFirstWrite(t *testing.T) {
	s, out, opened := testChannelStream()
	s.Close() // nothing was sent: there is nothing to end
	if *opened != 0 || out.closed || s.Opened() {
		t.Error("opened before anything was sent")
	}
	for _, p := range []string{"a", "b"} {
		if n, err := s.Write([]byte(p)); n != 1 || err != nil {
			t.Errorf("write: %d, %v", n, err)
		}
	}
	s.Close()
	if *opened != 1 || out.written() != "#ab" || !out.closed || !s.Opened() {
		t.Errorf("opened %d times, %q written, closed %v", *opened, out.written(), out.closed)
	}
}

func TestWriteThatMustNotWaitOpensNothing(t *testing.T) {
	out, opened := &eagerStream{fakeStream: newFakeStream(endless), room: 10}, 0
	s := &Streams{Number: '#', Open: func() (SendStream, error) {
		opened++
		return out, nil
	}}
	if s.TryWrite([]byte("a")) || opened != 0 {
		t.Error("took bytes for a stream that was not open")
	}
	s.Write([]byte("a"))
	if !s.TryWrite([]byte("b")) || out.written() != "#ab" {
		t.Errorf("%q written", out.written())
	}
}

func TestReadThatMustNotWaitAsksTheStreamWhetherItCan(t *testing.T) {
	s, _, _ := testChannelStream()
	if n, ok := s.TryRead(make([]byte, 1)); n != 0 || !ok {
		t.Errorf("before there is a stream: %d, %v", n, ok)
	}
	s.Attach(newFakeStream(0))
	if _, ok := s.TryRead(make([]byte, 1)); ok {
		t.Error("a stream that cannot tell has told")
	}
}

// countingStream counts the calls that write, each of which QUIC may send on its own.
type countingStream struct {
	*fakeStream
	writes int
}

func (s *countingStream) Write(p []byte) (int, error) {
	s.writes++
	return s.fakeStream.Write(p)
}

func TestNumberGoesWithTheFirstBytes(t *testing.T) {
	out := &countingStream{fakeStream: newFakeStream(endless)}
	s := &Streams{Number: '#', Open: func() (SendStream, error) { return out, nil }}
	if n, err := s.Write([]byte("abc")); n != 3 || err != nil || out.writes != 1 {
		t.Errorf("%d bytes, %v, by %d writes", n, err, out.writes)
	}
	// The number is not the caller's.
	want := errors.New("no")
	broken := newFakeStream(0)
	broken.finish(want)
	s = &Streams{Open: func() (SendStream, error) { return broken, nil }}
	if n, err := s.Write([]byte("abc")); n != 0 || err != want {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestStreamThatCannotBeOpened(t *testing.T) {
	want := errors.New("no")
	s := &Streams{Open: func() (SendStream, error) { return nil, want }}
	if n, err := s.Write([]byte("a")); n != 0 || err != want {
		t.Errorf("write: %d, %v", n, err)
	}
	s.Close()
}

func TestReaderWaitsForTheStream(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		s, _, _ := testChannelStream()
		in := newFakeStream(0)
		in.arrive("x")
		time.AfterFunc(time.Hour, func() {
			if !s.Attach(in) || s.Attach(newFakeStream(0)) {
				t.Error("a stream is attached once")
			}
		})
		var p [1]byte
		if d := bubble.Took(func() { s.Peek(p[:]) }); d != time.Hour || p[0] != 'x' {
			t.Errorf("%q after %v", p, d)
		}
		if n, err := s.Read(p[:]); n != 1 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
	})
}

func TestDeadlineHoldsBeforeTheStreamIsThereAndAfter(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		s, _, _ := testChannelStream()
		var p [1]byte
		expires := func(after time.Duration) {
			t.Helper()
			d := bubble.Took(func() {
				if _, err := s.Read(p[:]); err != os.ErrDeadlineExceeded {
					t.Errorf("read: %v", err)
				}
			})
			if d != after {
				t.Errorf("expired after %v, want %v", d, after)
			}
		}
		s.SetReadDeadline(time.Now().Add(time.Minute))
		expires(time.Minute)
		s.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { s.SetReadDeadline(waitlist.Past()) })
		expires(time.Second)
		s.SetReadDeadline(time.Now().Add(time.Minute))
		time.AfterFunc(time.Second, func() { s.Attach(newFakeStream(0)) })
		expires(time.Minute)
	})
}

func TestStreamThatWillNotCome(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		s, _, _ := testChannelStream()
		time.AfterFunc(time.Second, s.Finish)
		var p [1]byte
		if _, err := s.Read(p[:]); err != io.EOF {
			t.Errorf("read: %v", err)
		}
		// What has come is read to its end all the same.
		s, _, _ = testChannelStream()
		in := newFakeStream(0)
		in.arrive("x")
		s.Attach(in)
		s.Finish()
		if n, err := s.Read(p[:]); n != 1 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
		synctest.Wait()
	})
}
