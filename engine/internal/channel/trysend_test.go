package channel

import (
	"io"
	"testing"
	"testing/synctest"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// eagerStream takes up to room bytes at once, and what is larger only by Write.
type eagerStream struct {
	*fakeStream
	room, tries int
}

func (s *eagerStream) TryWrite(p []byte) bool {
	s.tries++
	if len(p) > s.room {
		return false
	}
	s.room -= len(p)
	s.do(func() { s.outgoing = append(s.outgoing, p...) })
	return true
}

func eagerChannel(t *testing.T, sendLimit, window, room int) (*Channel, *eagerStream) {
	s := &eagerStream{fakeStream: newFakeStream(window), room: room}
	c := New(s, sendLimit, func() {}, panics.Guard{})
	t.Cleanup(func() {
		c.Refuse(codes.ErrClosedLocal)
		s.finish(io.EOF)
		c.Wait()
	})
	return c, s
}

func TestSendHandsOverAtOnceWhatFits(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := eagerChannel(t, 100, 0, 10)
		wantSend(t, c, 4, 0, 4, nil)
		wantSend(t, c, 6, 0, 6, nil)
		if len(s.written()) != 10 || c.writing || c.sendHalf.queue.size != 0 {
			t.Errorf("%d bytes are with the stream, %d are queued", len(s.written()), c.sendHalf.queue.size)
		}
		if c.Sent.Load() != 10 {
			t.Errorf("%d bytes counted", c.Sent.Load())
		}
	})
}

func TestSendKeepsTheOrderWhateverTheStreamTakes(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := eagerChannel(t, 8, 0, 2)
		for _, part := range []string{"ab", "cdef", "g", "h"} {
			if n, err := c.Send([]byte(part), 0); n != len(part) || err != nil {
				t.Errorf("sent %d of %q, %v", n, part, err)
			}
		}
		synctest.Wait()
		s.room = 2 // what is queued comes first all the same
		wantSend(t, c, 3, 0, 2, nil)
		wantSend(t, c, 1, 0, 0, codes.ErrTimeout)
		s.open(endless)
		synctest.Wait()
		if got := s.written(); got != "abcdefgh\x00\x00" {
			t.Errorf("written: %q", got)
		}
		if wantSend(t, c, 1, 0, 1, nil); s.room != 1 {
			t.Error("an empty queue did not offer the stream anything")
		}
	})
}

func TestNothingIsHandedOverAfterTheEnd(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s := eagerChannel(t, 100, 0, 10)
		c.Refuse(codes.ErrClosedRemote)
		wantSend(t, c, 1, 0, 0, codes.ErrClosedRemote)
		if s.tries != 0 {
			t.Error("it was")
		}
	})
}
