package channel

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// testChannel is a channel over a fake stream, which ends with the test.
func testChannel(t testing.TB, sendLimit, window int) (*Channel, *fakeStream) {
	s := newFakeStream(window)
	c := New(s, sendLimit, func() {}, panics.Guard{})
	t.Cleanup(func() {
		c.Refuse(codes.ErrClosedLocal)
		s.finish(io.EOF)
		c.Wait()
	})
	return c, s
}

func wantRead(t *testing.T, c *Channel, timeout time.Duration, want string, wantErr error) {
	t.Helper()
	p := make([]byte, max(len(want), 1))
	n, err := c.Read(p, timeout)
	if string(p[:n]) != want || err != wantErr {
		t.Errorf("read %q, %v, want %q, %v", p[:n], err, want, wantErr)
	}
}

func wantSend(t *testing.T, c *Channel, size int, timeout time.Duration, want int, wantErr error) {
	t.Helper()
	if n, err := c.Send(make([]byte, size), timeout); n != want || err != wantErr {
		t.Errorf("sent %d of %d, %v, want %d, %v", n, size, err, want, wantErr)
	}
}

func TestReadReturnsWhatIsThere(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, endless)
		s.arrive("hello world")
		p := make([]byte, 100)
		for _, timeout := range []time.Duration{0, time.Second, -1} {
			if n, err := c.Read(p[:3], timeout); n != 3 || err != nil {
				t.Errorf("timeout %v: %d, %v", timeout, n, err)
			}
		}
		if n, err := c.Read(p, time.Second); string(p[:n]) != "ld" || err != nil {
			t.Errorf("%q, %v", p[:n], err)
		}
		if c.Received.Load() != 11 {
			t.Errorf("%d bytes counted", c.Received.Load())
		}
	})
}

// deafStream lets nobody wait for a first byte.
type deafStream struct{ *fakeStream }

func (s deafStream) Peek([]byte) (int, error) { select {} }

// On a busy machine a goroutine may get no processor for long; who reads has one.
func TestReadThatMustNotWaitNeedsNoGoroutine(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		s := newFakeStream(endless)
		c := New(deafStream{s}, 100, func() {}, panics.Guard{})
		s.arrive("hello world")
		wantRead(t, c, 0, "hel", nil)
		wantRead(t, c, 0, "lo world", nil)
	})
}

func TestReadWaitsAsLongAsItIsTold(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, endless)
		if d := bubble.Took(func() { wantRead(t, c, 0, "", codes.ErrTimeout) }); d > firstLook {
			t.Errorf("the first read, which must not wait, took %v", d)
		}
		for _, timeout := range []time.Duration{0, time.Millisecond, time.Minute} {
			if d := bubble.Took(func() { wantRead(t, c, timeout, "", codes.ErrTimeout) }); d != timeout {
				t.Errorf("timeout %v took %v", timeout, d)
			}
		}
		for _, timeout := range []time.Duration{2 * time.Hour, -1} {
			time.AfterFunc(time.Hour, func() { s.arrive("x") })
			if d := bubble.Took(func() { wantRead(t, c, timeout, "x", nil) }); d != time.Hour {
				t.Errorf("with timeout %v, a byte took %v", timeout, d)
			}
		}
	})
}

// A fixed date in the past is not in the past for a clock that was never set.
func TestReaderIsWokenByAnyClock(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, endless)
		wantRead(t, c, time.Millisecond, "", codes.ErrTimeout)
		s.mu.Lock()
		defer s.mu.Unlock()
		if ago := time.Since(s.deadline); ago < 0 || ago > time.Hour {
			t.Errorf("the stream was told a deadline %v ago: %v", ago, s.deadline)
		}
	})
}

func TestSendTakesAllThatHasRoom(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		for _, timeout := range []time.Duration{0, time.Second, -1} {
			if d := bubble.Took(func() { wantSend(t, c, 30, timeout, 30, nil) }); d != 0 {
				t.Errorf("timeout %v took %v", timeout, d)
			}
		}
		wantSend(t, c, 30, 0, 10, nil)
		wantSend(t, c, 30, 0, 0, codes.ErrTimeout)
		s.open(endless)
		synctest.Wait()
		if n := len(s.written()); n != 100 || c.Sent.Load() != 100 {
			t.Errorf("%d bytes written, %d counted", n, c.Sent.Load())
		}
	})
}

func TestSendReturnsWhatWasTakenWhenTheTimeIsUp(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		for _, timeout := range []time.Duration{0, time.Second} {
			if d := bubble.Took(func() { wantSend(t, c, 60, timeout, 60, nil) }); d != 0 {
				t.Errorf("took %v", d)
			}
			if d := bubble.Took(func() { wantSend(t, c, 60, timeout, 40, nil) }); d != timeout {
				t.Errorf("part of it took %v, want %v", d, timeout)
			}
			if d := bubble.Took(func() { wantSend(t, c, 60, timeout, 0, codes.ErrTimeout) }); d != timeout {
				t.Errorf("nothing took %v, want %v", d, timeout)
			}
			s.open(100)
			synctest.Wait()
		}
	})
}

func TestSendForEverOutlastsTheBuffer(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		want := strings.Repeat("0123456789", 1000)
		go func() {
			for range len(want) / 10 {
				time.Sleep(time.Second)
				s.open(10)
				c.sendHalf.mu.Lock()
				if c.sendHalf.queue.size > 100 {
					t.Errorf("%d bytes are buffered", c.sendHalf.queue.size)
				}
				c.sendHalf.mu.Unlock()
			}
		}()
		if n, err := c.Send([]byte(want), -1); n != len(want) || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
		time.Sleep(time.Hour)
		if s.written() != want {
			t.Error("what was written is not what was sent")
		}
	})
}

func TestSendersTakeTurns(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { wantSend(t, c, 1000, -1, 1000, nil) })
		}
		all.Go(func() {
			for range 800 {
				time.Sleep(time.Millisecond)
				s.open(10)
			}
		})
		all.Wait()
		synctest.Wait()
		if n := len(s.written()); n != 8000 {
			t.Errorf("%d bytes written", n)
		}
	})
}

func TestReadersShareWhatArrives(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for range 10 {
			all.Go(func() {
				p := make([]byte, 1)
				if n, err := c.Read(p, -1); n != 1 || err != nil {
					t.Errorf("%d, %v", n, err)
				}
				mu.Lock()
				defer mu.Unlock()
				got[string(p)]++
			})
		}
		synctest.Wait()
		s.arrive("0123456789")
		all.Wait()
		if len(got) != 10 {
			t.Errorf("%v", got)
		}
	})
}

func TestReceiveStopsAtItsLimit(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		wantRead(t, c, 0, "", codes.ErrTimeout) // from now on receive reads
		s.arrive(strings.Repeat("x", 4*recvLimit))
		synctest.Wait()
		queued := 4*recvLimit - s.left()
		if queued < recvLimit || queued >= recvLimit+largeChunk {
			t.Errorf("%d bytes are queued, the limit is %d", queued, recvLimit)
		}
		// And goes on as soon as there is room.
		p, total := make([]byte, 1000), 0
		for total < 4*recvLimit {
			n, err := c.Read(p, time.Second)
			if err != nil {
				t.Fatalf("after %d bytes: %v", total, err)
			}
			total += n
			synctest.Wait()
		}
	})
}

func TestNothingIsReceivedBeforeTheFirstRead(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		s.arrive("x")
		time.Sleep(time.Hour)
		if s.left() != 1 {
			t.Error("somebody reads")
		}
		wantRead(t, c, 0, "x", nil)
	})
}

func TestRemainingBytesComeBeforeTheReason(t *testing.T) {
	for _, reason := range []codes.Code{codes.ErrClosedRemote, codes.ErrClosedTimeout} {
		for _, wasRead := range []bool{false, true} {
			t.Run(fmt.Sprint(reason.Name(), ", read before: ", wasRead), func(t *testing.T) {
				bubble.Run(t, func(t *testing.T) {
					c, s := testChannel(t, 100, 0)
					want := strings.Repeat("0123456789", recvLimit/5)
					if wasRead {
						s.arrive("x")
						wantRead(t, c, -1, "x", nil)
					}
					s.arrive(want)
					synctest.Wait()
					var got bytes.Buffer
					done := make(chan error)
					go func() {
						p := make([]byte, 10_000)
						for {
							n, err := c.Read(p, -1)
							got.Write(p[:n])
							if err != nil {
								done <- err
								return
							}
						}
					}()
					c.Refuse(reason)
					c.Drain(time.Now().Add(time.Second))
					time.AfterFunc(time.Millisecond, func() { s.finish(io.EOF) })
					if err := <-done; err != reason || got.String() != want {
						t.Errorf("read %d of %d bytes, then %v", got.Len(), len(want), err)
					}
					wantRead(t, c, -1, "", reason)
					wantSend(t, c, 1, -1, 0, reason)
				})
			})
		}
	}
}

// TestReasonWaitsForBytesThatNobodyHasFetched: the reader comes between the end
// and the drain, on a channel that was never read.
func TestReasonWaitsForBytesThatNobodyHasFetched(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		s.arrive("last words")
		c.Refuse(codes.ErrClosedRemote)
		wantRead(t, c, time.Second, "last words", nil)
		s.finish(io.EOF)
		wantRead(t, c, -1, "", codes.ErrClosedRemote)
	})
}

func TestDrainEndsAtItsDeadline(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		s.arrive("x")
		c.Refuse(codes.ErrClosedTimeout)
		d := bubble.Took(func() {
			c.Drain(time.Now().Add(time.Minute))
			c.WaitDrained()
		})
		if d != time.Minute {
			t.Errorf("took %v", d)
		}
		wantRead(t, c, -1, "x", nil)
		wantRead(t, c, -1, "", codes.ErrClosedTimeout)
	})
}

func TestDrainTakesAllThereIs(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		s.arrive(strings.Repeat("x", 1+8*recvLimit))
		wantRead(t, c, -1, "x", nil)
		synctest.Wait()
		c.Refuse(codes.ErrClosedRemote)
		c.Drain(time.Now().Add(time.Second))
		s.finish(io.EOF)
		c.WaitDrained()
		if s.left() != 0 || c.receiveHalf.queue.size != 8*recvLimit {
			t.Errorf("%d bytes in the queue, %d left", c.receiveHalf.queue.size, s.left())
		}
	})
}

func TestLocalCloseWakesEverybodyAtOnce(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		var all sync.WaitGroup
		for _, timeout := range []time.Duration{time.Hour, -1} {
			all.Go(func() { wantRead(t, c, timeout, "", codes.ErrClosedLocal) })
			all.Go(func() {
				// What was taken before counts.
				if n, err := c.Send(make([]byte, 100), timeout); n+int(c.Sent.Load()) == 0 || n == 0 && err != codes.ErrClosedLocal {
					t.Errorf("sent %d, %v", n, err)
				}
			})
		}
		synctest.Wait()
		d := bubble.Took(func() {
			c.Refuse(codes.ErrClosedLocal)
			all.Wait()
		})
		if d != 0 {
			t.Errorf("they woke after %v", d)
		}
		s.arrive("x")
		wantRead(t, c, -1, "", codes.ErrClosedLocal)
		wantSend(t, c, 1, -1, 0, codes.ErrClosedLocal)
	})
}

func TestLocalCloseOverridesAnotherReason(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		s.arrive("xy")
		wantRead(t, c, -1, "x", nil)
		c.Refuse(codes.ErrClosedRemote)
		c.Refuse(codes.ErrClosedLocal)
		wantRead(t, c, -1, "", codes.ErrClosedLocal)
	})
}

func TestFlushWaitsForTheBuffer(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		wantSend(t, c, 100, 0, 100, nil)
		time.AfterFunc(time.Second, func() { s.open(100) })
		if d := bubble.Took(func() { c.Flush(time.Now().Add(time.Minute)) }); d != time.Second || !s.closed {
			t.Errorf("took %v, closed %v", d, s.closed)
		}
	})
}

func TestFlushGivesUpAtItsDeadline(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		wantSend(t, c, 100, 0, 100, nil)
		if d := bubble.Took(func() { c.Flush(time.Now().Add(time.Minute)) }); d != time.Minute || s.closed {
			t.Errorf("took %v, closed %v", d, s.closed)
		}
	})
}

func TestBrokenStreamFreesTheBuffer(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := testChannel(t, 100, 0)
		wantSend(t, c, 100, 0, 100, nil)
		s.finish(io.ErrClosedPipe)
		synctest.Wait()
		if c.sendHalf.queue.size != 0 || c.writing {
			t.Errorf("%d bytes left, writing %v", c.sendHalf.queue.size, c.writing)
		}
		c.Refuse(codes.ErrClosedRemote)
		wantSend(t, c, 1, -1, 0, codes.ErrClosedRemote)
	})
}

func TestProgressIsReported(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		s := newFakeStream(endless)
		calls := 0
		c := New(s, 100, func() { calls++ }, panics.Guard{})
		wantSend(t, c, 1, 0, 1, nil)
		synctest.Wait()
		if calls == 0 {
			t.Error("nothing after a send")
		}
		calls = 0
		s.arrive("x")
		wantRead(t, c, -1, "x", nil)
		if calls == 0 {
			t.Error("nothing after a read")
		}
		s.finish(io.EOF)
		c.Wait()
	})
}
