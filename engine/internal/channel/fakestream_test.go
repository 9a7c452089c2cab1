package channel

import (
	"io"
	"os"
	"sync"
	"time"
)

// fakeStream is a stream whose other end is the test.
type fakeStream struct {
	mu       sync.Mutex
	change   sync.Cond
	incoming []byte
	end      error // after incoming
	deadline time.Time
	expiry   *time.Timer

	outgoing []byte // what was written
	window   int    // how many bytes may be written yet
	writeErr error

	writeUntil time.Time
	closed     bool
}

const endless = 1 << 40

func newFakeStream(window int) *fakeStream {
	s := &fakeStream{window: window}
	s.change.L = &s.mu
	return s
}

// do changes something under the lock.
func (s *fakeStream) do(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.change.Broadcast()
}

func (s *fakeStream) arrive(p string) { s.do(func() { s.incoming = append(s.incoming, p...) }) }

func (s *fakeStream) finish(err error) { s.do(func() { s.end, s.writeErr = err, err }) }

func (s *fakeStream) open(window int) { s.do(func() { s.window += window }) }

func (s *fakeStream) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.outgoing)
}

func (s *fakeStream) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.incoming)
}

// wait returns once a byte is there, or why there will be none.
func (s *fakeStream) wait() error {
	for len(s.incoming) == 0 {
		if s.end != nil {
			return s.end
		}
		if !s.deadline.IsZero() && !time.Now().Before(s.deadline) {
			return os.ErrDeadlineExceeded
		}
		s.change.Wait()
	}
	return nil
}

func (s *fakeStream) Peek(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.wait(); err != nil {
		return 0, err
	}
	return copy(p, s.incoming), nil
}

func (s *fakeStream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.wait(); err != nil {
		return 0, err
	}
	n := copy(p, s.incoming)
	s.incoming = append(s.incoming[:0], s.incoming[n:]...)
	return n, nil
}

func (s *fakeStream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	for total < len(p) {
		for s.window == 0 && s.writeErr == nil && !hasPassed(s.writeUntil) {
			s.change.Wait()
		}
		if hasPassed(s.writeUntil) {
			return total, os.ErrDeadlineExceeded
		}
		if s.writeErr != nil {
			return total, s.writeErr
		}
		if s.closed {
			return total, io.ErrClosedPipe
		}
		n := min(len(p)-total, s.window)
		s.outgoing = append(s.outgoing, p[total:total+n]...)
		s.window -= n
		total += n
	}
	return total, nil
}

func (s *fakeStream) Close() error {
	s.do(func() { s.closed = true })
	return nil
}

func (s *fakeStream) SetReadDeadline(t time.Time) error {
	s.do(func() {
		s.deadline = t
		if s.expiry != nil {
			s.expiry.Stop()
		}
		s.expiry = time.AfterFunc(time.Until(t), s.change.Broadcast)
	})
	return nil
}

func (s *fakeStream) SetWriteDeadline(t time.Time) error {
	s.do(func() { s.writeUntil = t })
	return nil
}

func (s *fakeStream) Opened() bool { return true }
