package base

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// turnStream is a TURN client's stream, over TCP or TLS, that treats datagrams as a network
// does: for which there is no room, since the path has died or is slow, they are lost. A stream
// waits for the other end's acknowledgement, a quarter of an hour on Linux, and nobody else waits
// with it: neither who moves the session to another path, nor who closes it. It goes on when
// there is room again, as TCP does.
type turnStream struct {
	net.Conn
	waiting chan *[]byte
	closing chan struct{}
	close   sync.Once
}

const (
	// streamQueue is how many datagrams wait behind what the system has taken: as many as a
	// burst may have until the sender has its turn.
	streamQueue = 256

	// lastWords is how long what waits may take to leave after Close: it ends the allocation.
	lastWords = time.Second
)

var streamPackets = sync.Pool{New: func() any { return new([]byte) }}

func newTURNStream(conn net.Conn, guard panics.Guard) *turnStream {
	s := &turnStream{Conn: conn, waiting: make(chan *[]byte, streamQueue), closing: make(chan struct{})}
	guard.Go(s.send)
	return s
}

// Write sends p whole or not at all, and never waits.
func (s *turnStream) Write(p []byte) (int, error) {
	select {
	case <-s.closing:
		return 0, net.ErrClosed
	default:
	}
	packet := streamPackets.Get().(*[]byte)
	*packet = append((*packet)[:0], p...)
	select {
	case s.waiting <- packet:
	default: // lost
		streamPackets.Put(packet)
	}
	return len(p), nil
}

func (s *turnStream) send() {
	defer raw(s.Conn).Close() // not with the goodbye of TLS, which may find no room
	defer s.Close()
	for s.sendNext() {
	}
}

// sendNext waits for a datagram, and sends it; what still waits at the end, too.
func (s *turnStream) sendNext() bool {
	var packet *[]byte
	select {
	case packet = <-s.waiting:
	case <-s.closing:
		select {
		case packet = <-s.waiting:
		default:
			return false
		}
	}
	_, err := s.Conn.Write(*packet)
	streamPackets.Put(packet)
	return err == nil
}

// Close returns at once; who reads is told.
func (s *turnStream) Close() error {
	s.close.Do(func() {
		close(s.closing)
		s.SetReadDeadline(time.Unix(1, 0))
		s.SetWriteDeadline(time.Now().Add(lastWords))
	})
	return nil
}

// raw is the connection under TLS, or conn.
func raw(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}
