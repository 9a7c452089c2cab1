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

	mu       sync.Mutex
	out      SendStream
	in       ReceiveStream
	end      error         // why in will not come
	deadline time.Time     // for in, until it is there
	changed  chan struct{} // closed at a change; nil while nobody waits
}

// Write opens the stream, if it is the first.
func (s *Streams) Write(p []byte) (int, error) {
	s.mu.Lock()
	out := s.out
	s.mu.Unlock()
	if out == nil { // a channel has one writer at a time
		var err error
		if out, err = s.Open(); err != nil {
			return 0, err
		}
		s.mu.Lock()
		s.out = out
		s.mu.Unlock()
		// In one call, so that QUIC puts it in the packet of the first bytes.
		n, err := out.Write(append([]byte{s.Number}, p...))
		return max(n-1, 0), err
	}
	return out.Write(p)
}

// TryWrite leaves it to Write to open the stream, which may have to wait.
func (s *Streams) TryWrite(p []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	try, ok := s.out.(tryWriter)
	return ok && try.TryWrite(p)
}

// Opened reports whether anything was ever sent.
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
