package channel

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
)

// Streams is the stream under a channel. In QUIC it is two, one for each
// direction, and either exists only once its sender has something to send: of
// the eight channels most are never used, and a stream costs 1.5 KB.
type Streams struct {
	Open   func() (SendStream, error)
	Number byte // the channel's: the first byte of what is opened

	// Arrived is called, with locks held, whenever bytes may be there; nil: nobody needs it.
	Arrived func()

	mu         sync.Mutex
	out        SendStream
	numbered   bool // the first byte is with it
	writeUntil time.Time
	in         ReceiveStream
	end        error         // why in will not come
	deadline   time.Time     // for in, until it is there
	changed    chan struct{} // closed at a change; nil while nobody waits
}

// Write opens the stream, if it is the first.
func (s *Streams) Write(p []byte) (int, error) {
	s.mu.Lock()
	out, numbered := s.out, s.numbered
	s.mu.Unlock()
	if numbered {
		return out.Write(p)
	}
	if out == nil { // a channel has one writer at a time
		var err error
		if out, err = s.Open(); err != nil {
			return 0, err
		}
		s.mu.Lock()
		s.out = out
		out.SetWriteDeadline(s.writeUntil)
		s.mu.Unlock()
	}
	// In one call, so that QUIC puts it in the packet of the first bytes.
	n, err := out.Write(append([]byte{s.Number}, p...))
	if n > 0 {
		s.mu.Lock()
		s.numbered = true
		s.mu.Unlock()
	}
	return max(n-1, 0), err
}

// TryWrite leaves it to Write to open the stream, which may have to wait.
func (s *Streams) TryWrite(p []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	try, ok := s.out.(tryWriter)
	return ok && s.numbered && try.TryWrite(p)
}

// SetWriteDeadline is also for a stream that is not open yet.
func (s *Streams) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeUntil = t
	if s.out == nil {
		return nil
	}
	return s.out.SetWriteDeadline(t)
}

// Opened reports whether there is a stream of this side's.
func (s *Streams) Opened() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out != nil
}

// Close ends the sending direction, if it was ever opened.
func (s *Streams) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return nil
	}
	if !s.numbered { // all that was to follow was cleared
		s.out.Write([]byte{s.Number})
	}
	return s.out.Close()
}

func (s *Streams) Read(p []byte) (int, error) {
	in, err := s.incoming()
	if err != nil {
		return 0, err
	}
	return in.Read(p)
}

// TryRead finds nothing until the peer has opened its stream.
func (s *Streams) TryRead(p []byte) (n int, ok bool) {
	s.mu.Lock()
	in := s.in
	s.mu.Unlock()
	if in == nil {
		return 0, true
	}
	if try, ok := in.(interface{ TryRead(p []byte) int }); ok {
		return try.TryRead(p), true
	}
	return 0, false
}

// HasBytes is not ok if the peer's stream cannot tell; before that is opened, there are none.
func (s *Streams) HasBytes() (has, ok bool) {
	s.mu.Lock()
	in := s.in
	s.mu.Unlock()
	if in == nil {
		return false, true
	}
	if telling, ok := in.(interface{ HasBytes() bool }); ok {
		return telling.HasBytes(), true
	}
	return false, false
}

func (s *Streams) Peek(p []byte) (int, error) {
	in, err := s.incoming()
	if err != nil {
		return 0, err
	}
	return in.Peek(p)
}

func (s *Streams) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in != nil {
		return s.in.SetReadDeadline(t)
	}
	s.deadline = t
	s.wake()
	return nil
}

// incoming waits until the peer has opened its stream.
func (s *Streams) incoming() (ReceiveStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.in == nil {
		if s.end != nil {
			return nil, s.end
		}
		var expired <-chan time.Time
		if !s.deadline.IsZero() {
			left := time.Until(s.deadline)
			if left <= 0 {
				return nil, os.ErrDeadlineExceeded
			}
			expired = time.After(left)
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		waitlist.Unlocked(&s.mu, func() {
			select {
			case <-changed:
			case <-expired:
			}
		})
	}
	return s.in, nil
}

// Attach is called with what the peer has opened; ok is false the second time.
func (s *Streams) Attach(in ReceiveStream) (ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.in != nil {
		return false
	}
	s.in = in
	if !s.deadline.IsZero() {
		in.SetReadDeadline(s.deadline)
	}
	s.wake()
	if s.Arrived != nil {
		if telling, ok := in.(interface{ OnArrival(*func()) }); ok {
			telling.OnArrival(&s.Arrived)
		}
		s.Arrived() // with what is there already
	}
	return true
}

// Finish is called when the peer will not open the stream any more.
func (s *Streams) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.end = io.EOF
	}
	s.wake()
}

// wake needs the lock.
func (s *Streams) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
