package frames

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

func frame(size int) []byte { return bytes.Repeat([]byte{byte(size)}, size) }

func wantRead(t *testing.T, r *Receiver, size int, key bool, sequence, missing uint64) {
	t.Helper()
	f, err := r.Read(Most, time.Minute)
	if err != nil || !bytes.Equal(f.Bytes, frame(size)) || f.Key != key || f.Sequence != sequence || f.Missing != missing {
		t.Errorf("read %d bytes, key %v, number %d, %d missing, %v; want %d bytes, key %v, number %d, %d missing",
			len(f.Bytes), f.Key, f.Sequence, f.Missing, err, size, key, sequence, missing)
	}
}

func wantNothing(t *testing.T, r *Receiver) {
	t.Helper()
	if f, err := r.Read(Most, 0); err != codes.ErrTimeout {
		t.Errorf("read frame %d, %v", f.Sequence, err)
	}
}

func wantSend(t *testing.T, s *Sender, size int, key bool, deadline time.Duration, want error) {
	t.Helper()
	if err := s.Send(frame(size), key, deadline); err != want {
		t.Errorf("send %d bytes, key %v: %v, want %v", size, key, err, want)
	}
}

func TestFramesComeWholeAndInOrder(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 20*time.Millisecond)
		s := w.sender()
		random := rand.New(rand.NewPCG(1, 2))
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for i := range 200 {
				wantSend(t, s, 1+random.IntN(30000), i%20 == 0, 0, nil)
				time.Sleep(33 * time.Millisecond)
			}
		}()
		for i := range uint64(200) {
			f, err := w.receiver.Read(Most, time.Minute)
			if err != nil || f.Sequence != i+1 || f.Missing != 0 || f.Key != (i%20 == 0) || !bytes.Equal(f.Bytes, frame(len(f.Bytes))) {
				t.Errorf("frame %d: %d bytes, number %d, %d missing, key %v, %v", i, len(f.Bytes), f.Sequence, f.Missing, f.Key, err)
			}
		}
		<-sent
		w.check()
	})
}

// TestBufferTooSmall: the frame stays.
func TestBufferTooSmall(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 0)
		wantSend(t, w.sender(), 100, true, 0, nil)
		for range 2 {
			if f, err := w.receiver.Read(99, time.Minute); err != codes.ErrBufferTooSmall || len(f.Bytes) != 100 {
				t.Errorf("%d bytes, %v", len(f.Bytes), err)
			}
		}
		wantRead(t, w.receiver, 100, true, 1, 0)
	})
}

// TestWhatCannotBeInTime is refused, and what needs it, until a key frame comes, which makes the
// others go.
func TestWhatCannotBeInTime(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 100_000, 20*time.Millisecond)
		s := w.sender()
		const deadline = 200 * time.Millisecond
		wantSend(t, s, 10_000, true, deadline, nil)
		wantSend(t, s, 9_000, false, deadline, codes.ErrTimeout) // 20 ms, and 190 for the two
		wantSend(t, s, 1, false, deadline, codes.ErrKeyFrame)
		wantSend(t, s, 1, false, 0, codes.ErrKeyFrame)
		wantSend(t, s, 12_000, true, deadline, nil) // alone it is in time
		wantSend(t, s, 1000, false, deadline, nil)
		wantRead(t, w.receiver, 12_000, true, 2, 1)
		wantRead(t, w.receiver, 1000, false, 3, 0)
		w.check()
	})
}

// TestSomeFramesAlwaysComeWhole: an encoder that makes more than the path takes, and does as it is told, is not told to
// begin anew for ever.
func TestSomeFramesAlwaysComeWhole(t *testing.T) {
	for name, c := range map[string]struct {
		rate            int // bytes per second
		every, deadline time.Duration
		keySize, size   int // 0: all are key frames
		least           int // of 100
	}{
		"pictures":     {125_000, 100 * time.Millisecond, 600 * time.Millisecond, 50_000, 0, 20},
		"large ones":   {125_000, 100 * time.Millisecond, 700 * time.Millisecond, 80_000, 0, 10},
		"a film":       {250_000, 40 * time.Millisecond, 400 * time.Millisecond, 90_000, 6000, 60},
		"a large film": {250_000, 40 * time.Millisecond, 600 * time.Millisecond, 130_000, 9000, 40},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Run(t, func(t *testing.T) {
				w := newWire(t, c.rate, 20*time.Millisecond)
				s := w.sender()
				whole := make(chan int)
				go func() {
					for n := 0; ; n++ {
						if _, err := w.receiver.Read(Most, 5*time.Second); err != nil {
							whole <- n
							return
						}
					}
				}()
				key := true
				for range 100 {
					size := c.size
					if key || size == 0 {
						size = c.keySize
					}
					err := s.Send(frame(size), key || c.size == 0, c.deadline)
					key = err == codes.ErrTimeout || err == codes.ErrKeyFrame
					time.Sleep(c.every)
				}
				if n := <-whole; n < c.least {
					t.Errorf("%d of 100 came whole", n)
				}
				w.check()
			})
		})
	}
}

// TestOneStreamForAnOrdinal: a peer may not have all of its streams taken for the one that a reader waits for.
func TestOneStreamForAnOrdinal(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		r := NewReceiver()
		head := appendHeader(nil, 1, true, header{ordinal: 1, length: Most})
		in, out := io.Pipe()
		taken := make(chan error, 1)
		go func() {
			_, err := r.Take(head[0], in)
			taken <- err
		}()
		out.Write(head[1:])
		synctest.Wait()
		if _, err := r.Take(head[0], bytes.NewReader(head[1:])); err != ErrRules {
			t.Errorf("another stream of the same ordinal: %v", err)
		}
		far := appendHeader(nil, 1, true, header{ordinal: mostAhead + 2, length: 1})
		if _, err := r.Take(far[0], bytes.NewReader(far[1:])); err != ErrRules {
			t.Errorf("one that is far ahead: %v", err)
		}
		out.CloseWithError(io.ErrClosedPipe)
		if err := <-taken; err != io.ErrClosedPipe || r.held != 0 || len(r.coming) != 0 {
			t.Errorf("%v, %d bytes held, %d coming", err, r.held, len(r.coming))
		}
	})
}

// TestALargeKeyFrameIsTriedAllTheSame: what is known of the path may be wrong.
func TestALargeKeyFrameIsTriedAllTheSame(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 0)
		s := w.sender()
		s.path = func() Path { return Path{Bandwidth: 1000} }
		wantSend(t, s, 10_000, true, 100*time.Millisecond, nil)
		wantRead(t, w.receiver, 10_000, true, 1, 0)
	})
}

// TestLateFramesAreDropped: what could be in time when it was taken, and cannot any more.
func TestLateFramesAreDropped(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 100_000, 20*time.Millisecond)
		s := w.sender()
		const deadline = 300 * time.Millisecond
		wantSend(t, s, 1000, true, deadline, nil)
		wantRead(t, w.receiver, 1000, true, 1, 0)
		w.mu.Lock()
		w.rate = 0 // an outage, of which nobody knows
		w.mu.Unlock()
		for range 5 {
			wantSend(t, s, 1000, false, deadline, nil)
		}
		time.Sleep(deadline)
		wantSend(t, s, 1000, false, deadline, codes.ErrKeyFrame)
		if n, _ := s.Unsent(); n != 0 {
			t.Errorf("%d bytes are queued", n)
		}
		wantSend(t, s, 2000, true, deadline, nil)
		w.mu.Lock()
		w.rate = 100_000
		w.change.Broadcast()
		w.mu.Unlock()
		wantRead(t, w.receiver, 2000, true, 7, 5)
		wantNothing(t, w.receiver)
		w.check()
	})
}

// TestLostFrameHoldsNobodyUpForLong: what was sent and does not arrive is reset once it is late, with
// those that need it.
func TestLostFrameHoldsNobodyUpForLong(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 20*time.Millisecond)
		w.lose = func(ordinal uint64) bool { return ordinal == 2 }
		s := w.sender()
		const deadline = 200 * time.Millisecond
		start := time.Now()
		wantSend(t, s, 1001, true, deadline, nil)
		wantSend(t, s, 1002, false, deadline, nil)
		wantSend(t, s, 1003, true, deadline, nil)
		wantRead(t, w.receiver, 1001, true, 1, 0)
		wantNothing(t, w.receiver)
		wantRead(t, w.receiver, 1003, true, 3, 1)
		if took := time.Since(start); took > deadline+2*w.delay+ackDelay {
			t.Errorf("after %v", took)
		}
		wantSend(t, s, 1004, false, deadline, nil) // it needs what has come
		wantRead(t, w.receiver, 1004, false, 4, 0)
		w.check()
	})
}

// TestWithoutADeadlineNothingIsDropped, and who finds no room may try again.
func TestWithoutADeadlineNothingIsDropped(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 1e6, 0)
		s := w.sender()
		taken := 0
		for s.Send(frame(1<<20), false, 0) == nil {
			taken++
		}
		if taken == 0 || taken > 8 {
			t.Errorf("%d MB were taken", taken)
		}
		time.Sleep(10 * time.Second)
		wantSend(t, s, 1<<20, false, 0, nil)
		for i := range taken + 1 {
			wantRead(t, w.receiver, 1<<20, false, uint64(i)+1, 0)
		}
	})
}

func TestClearDropsFramesWhole(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 100_000, 20*time.Millisecond)
		s := w.sender()
		wantSend(t, s, 1000, true, 0, nil)
		wantRead(t, w.receiver, 1000, true, 1, 0)
		for range 10 {
			wantSend(t, s, 10_000, false, 0, nil)
		}
		time.Sleep(50 * time.Millisecond) // in the middle of the first
		if n, age := s.Unsent(); n != 100_000 || age != 50*time.Millisecond {
			t.Errorf("%d bytes are queued, the oldest for %v", n, age)
		}
		if n := s.Clear(); n != 100_000 {
			t.Errorf("dropped %d bytes", n)
		}
		wantSend(t, s, 1, false, 0, codes.ErrKeyFrame)
		start := time.Now()
		wantSend(t, s, 5000, true, 0, nil)
		wantRead(t, w.receiver, 5000, true, 12, 10)
		if took := time.Since(start); took > 85*time.Millisecond {
			t.Errorf("after %v", took)
		}
	})
}

// TestFlush: all that was taken is there, then comes the end.
func TestFlush(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		w := newWire(t, 100_000, 20*time.Millisecond)
		s := w.sender()
		for range 5 {
			wantSend(t, s, 10_000, false, 0, nil)
		}
		s.Refuse(codes.ErrClosedLocal)
		wantSend(t, s, 1, true, 0, codes.ErrClosedLocal)
		if !s.Flush(time.Now().Add(time.Minute)) {
			t.Error("not flushed")
		}
		w.receiver.Refuse(codes.ErrClosedRemote)
		w.receiver.WaitWhole(time.Now().Add(time.Minute))
		for i := range uint64(5) {
			wantRead(t, w.receiver, 10_000, false, i+1, 0)
		}
		if _, err := w.receiver.Read(Most, -1); err != codes.ErrClosedRemote {
			t.Error(err)
		}
		synctest.Wait()
	})
}
