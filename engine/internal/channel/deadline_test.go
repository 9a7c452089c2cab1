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

// call is what a call that waits has returned, and when.
type call struct {
	n    int
	err  error
	took time.Duration
}

// waiting runs a call that has to wait, and returns what it will have returned.
func waiting(f func() (int, error)) <-chan call {
	result := make(chan call, 1)
	go func() {
		var c call
		c.took = bubble.Took(func() { c.n, c.err = f() })
		result <- c
	}()
	synctest.Wait()
	return result
}

// The deadline that counts is the last that was set, while the call waits too: at the stream, or behind somebody who does.
func TestDeadlinesMoveWhileCallsWait(t *testing.T) {
	for name, behind := range map[string]bool{"at the stream": false, "behind another reader": true} {
		t.Run(name, func(t *testing.T) {
			bubble.Run(t, func(t *testing.T) {
				c, s := testChannel(t, 10, 0)
				read := func() (int, error) { return c.ReadByDeadline(make([]byte, 1)) }
				write := func() (int, error) { return c.WriteByDeadline(make([]byte, 15)) }
				if behind {
					other := waiting(func() (int, error) { return c.Read(make([]byte, 1), time.Hour) })
					defer func() { <-other }()
				}
				for when, deadlines := range map[string][]time.Duration{
					"none, then one": {0, 2 * time.Second},
					"later":          {time.Second, 2 * time.Second},
					"earlier":        {time.Hour, 2 * time.Second},
					"none meanwhile": {time.Second, 0, 2 * time.Second},
					"past":           {time.Hour, 0, -time.Second},
				} {
					c.SetReadDeadline(at(deadlines[0]))
					c.SetWriteDeadline(at(deadlines[0]))
					reader, writer := waiting(read), waiting(write)
					want := deadlines[len(deadlines)-1]
					for _, d := range deadlines[1:] {
						c.SetReadDeadline(at(d))
						c.SetWriteDeadline(at(d))
						synctest.Wait()
					}
					if r := <-reader; r.err != codes.ErrTimeout || r.n != 0 || r.took != max(want, 0) {
						t.Errorf("%s: read %+v", when, r)
					}
					if w := <-writer; w.err != codes.ErrTimeout || w.n != 10 || w.took != max(want, 0) {
						t.Errorf("%s: wrote %+v", when, w)
					}
					s.open(10)
					synctest.Wait() // the queue is empty again
				}
			})
		})
	}
}

// at is a time from now on; 0 is no time.
func at(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// As with net.Conn, nothing moves once the time has passed, and all goes on with a new one.
func TestNothingMovesAfterTheDeadline(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 10, endless)
		s.arrive("hello")
		c.SetReadDeadline(at(-time.Second))
		c.SetWriteDeadline(at(-time.Second))
		p := make([]byte, 5)
		if n, err := c.ReadByDeadline(p); n != 0 || err != codes.ErrTimeout {
			t.Errorf("read %d, %v", n, err)
		}
		if n, err := c.WriteByDeadline(p); n != 0 || err != codes.ErrTimeout {
			t.Errorf("wrote %d, %v", n, err)
		}
		wantRead(t, c, 0, "he", nil) // which has a time of its own
		c.SetReadDeadline(at(0))
		c.SetWriteDeadline(at(time.Second))
		if n, err := c.ReadByDeadline(p); string(p[:n]) != "llo" || err != nil {
			t.Errorf("read %q, %v", p[:n], err)
		}
		if n, err := c.WriteByDeadline(make([]byte, 1000)); n != 1000 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	})
}

// A stream that the peer has ended is complete; one that broke is not, nor is what its session's end has cut off.
func TestOnlyACompleteStreamEnds(t *testing.T) {
	for name, test := range map[string]struct {
		stream, reason, want error
	}{
		"ended":       {io.EOF, codes.ErrClosedRemote, io.EOF},
		"broken":      {io.ErrClosedPipe, codes.ErrClosedRemote, codes.ErrClosedRemote},
		"silent":      {io.EOF, codes.ErrClosedTimeout, codes.ErrClosedTimeout},
		"closed here": {io.EOF, codes.ErrClosedLocal, codes.ErrClosedLocal},
	} {
		for _, readBefore := range []bool{true, false} { // by the reader himself, or by receive
			bubble.Run(t, func(t *testing.T) {
				s := newFakeStream(endless)
				c := New(s, 10, func() {}, panics.Guard{})
				var reader <-chan call
				if readBefore {
					reader = waiting(func() (int, error) { return c.ReadByDeadline(make([]byte, 1)) })
				}
				s.finish(test.stream)
				synctest.Wait()
				c.Refuse(test.reason)
				if !readBefore {
					reader = waiting(func() (int, error) { return c.ReadByDeadline(make([]byte, 1)) })
				}
				if r := <-reader; r.n != 0 || r.err != test.want {
					t.Errorf("%s: read %+v", name, r)
				}
				if n, err := c.WriteByDeadline([]byte("x")); n != 0 || err != test.reason {
					t.Errorf("%s: wrote %d, %v", name, n, err)
				}
				c.Wait()
			})
		}
	}
}
