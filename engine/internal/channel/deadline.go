package channel

import (
	"io"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// ReadByDeadline is Read until the read deadline, also one that is set meanwhile. Once
// that has passed it gives nothing, as net.Conn does. After the last byte of a stream
// that the peer has ended, the error is io.EOF instead of codes.ErrClosedRemote.
func (r *receiveHalf) ReadByDeadline(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refused != codes.ErrClosedLocal && hasPassed(r.until) {
		return 0, codes.ErrTimeout
	}
	n, err := r.read(p, -1, &r.until)
	if err == codes.ErrClosedRemote && r.complete {
		err = io.EOF
	}
	return n, err
}

// WriteByDeadline takes all of p, or returns how much it took by the write deadline,
// also one that is set meanwhile, and why not more.
func (s *sendHalf) WriteByDeadline(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil && hasPassed(s.until) {
		return 0, codes.ErrTimeout
	}
	return s.send(p, -1, &s.until)
}

// SetReadDeadline is for calls of ReadByDeadline, those that wait included. The zero
// time is none.
func (r *receiveHalf) SetReadDeadline(t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = t
	if (r.reader == caller || r.reader == leaving) && !r.draining {
		r.wakeReader()
	}
	r.data.Notify()
}

// SetWriteDeadline is for calls of WriteByDeadline, those that wait included. The zero
// time is none.
func (s *sendHalf) SetWriteDeadline(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = t
	s.space.Notify()
}

func hasPassed(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
