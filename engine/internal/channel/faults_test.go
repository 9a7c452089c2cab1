package channel

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// brokenStream panics in one of its methods while it is broken.
type brokenStream struct {
	*fakeStream
	method string
}

func (s *brokenStream) breaks(method string) {
	if s.method == method {
		panic("the test's own: " + method)
	}
}

func (s *brokenStream) Read(p []byte) (int, error)  { s.breaks("Read"); return s.fakeStream.Read(p) }
func (s *brokenStream) Peek(p []byte) (int, error)  { s.breaks("Peek"); return s.fakeStream.Peek(p) }
func (s *brokenStream) Write(p []byte) (int, error) { s.breaks("Write"); return s.fakeStream.Write(p) }

func brokenChannel(method string) (c *Channel, s *brokenStream, log *faultlog.Log) {
	s = &brokenStream{newFakeStream(endless), method}
	log, logger := faultlog.New()
	c = New(s, 100, func() {}, panics.Guard{Log: logger, Failed: func() { c.Refuse(codes.ErrInternal) }})
	return c, s, log
}

func TestFaultInAChannelsGoroutine(t *testing.T) {
	for method, start := range map[string]func(*Channel){
		"Write": func(c *Channel) { c.Send([]byte("text"), -1) },
		"Peek":  func(c *Channel) { c.Read(make([]byte, 1), 0) },
	} {
		t.Run(method, func(t *testing.T) {
			bubble.Run(t, func(t *testing.T) {
				c, s, log := brokenChannel(method)
				start(c)
				log.Want(t, "brokenStream")
				s.finish(io.EOF)
				synctest.Wait()
				wantRead(t, c, time.Second, "", codes.ErrInternal)
				wantSend(t, c, 1, time.Second, 0, codes.ErrInternal)
				c.Drain(time.Now().Add(time.Second))
				c.WaitDrained()
				c.Wait() // the session's end does not hang
			})
		})
	}
}

// The reader reads from the stream itself, with the channel's lock given away: when
// that panics the border makes it a code, and the lock is as it was.
func TestFaultInAReadersOwnCall(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c, s, _ := brokenChannel("Read")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			c.Read(make([]byte, 1), -1)
		}()
		s.method = ""
		s.arrive("text")
		wantRead(t, c, time.Second, "text", nil)
		c.Refuse(codes.ErrClosedLocal)
		s.finish(io.EOF)
		c.Wait()
	})
}
