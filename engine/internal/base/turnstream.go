package base

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// streamPatience is how long a datagram waits for room in a stream.
const streamPatience = time.Second

// turnStream is a TURN client's stream, over TCP or TLS, that treats datagrams as a network
// does: for which there is no room, since the path has died or is slow, they are lost. A stream
// waits for the other end's acknowledgement, a quarter of an hour on Linux, and with it would
// whoever moves the session to another path, or closes it.
type turnStream struct {
	net.Conn

	mu   sync.Mutex
	full bool // the last one found no room
}

// Write sends p whole, or not at all and without an error. A part of it is the stream's end.
func (s *turnStream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := streamPatience
	if s.full {
		wait = time.Millisecond // only to look: others wait behind this one
	}
	s.SetWriteDeadline(time.Now().Add(wait))
	n, err := s.Conn.Write(p)
	s.full = errors.Is(err, os.ErrDeadlineExceeded)
	if s.full && n == 0 && !s.isTLS() {
		return len(p), nil
	}
	if err != nil {
		s.Close()
	}
	return n, err
}

// isTLS: there a write that fails is the last.
func (s *turnStream) isTLS() bool {
	_, secure := s.Conn.(*tls.Conn)
	return secure
}

// Close does not wait for the goodbye of TLS, which may find no room either.
func (s *turnStream) Close() error {
	if secure, ok := s.Conn.(*tls.Conn); ok {
		return secure.NetConn().Close()
	}
	return s.Conn.Close()
}
