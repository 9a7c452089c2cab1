package rendezvous

import (
	"errors"
	"net"
	"os"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// socketBuffer, in bytes, holds a burst of a video frame while the one
// goroutine that reads is busy. The kernel may give less.
const socketBuffer = 1 << 20

func enlargeBuffers(conn net.PacketConn) {
	if u, ok := conn.(*net.UDPConn); ok {
		u.SetReadBuffer(socketBuffer)
		u.SetWriteBuffer(socketBuffer)
	}
}

// packetSocket is a UDP socket whose reader survives errors that pass.
type packetSocket struct {
	net.PacketConn
	guard panics.Guard
	ended func() // called once, when no more is read
	once  sync.Once
}

// ReadFrom fails only when the socket is closed, since pion ends its service
// at the first error. Other errors are about one datagram (on some systems,
// that one sent earlier was refused); so many in a row mean a broken socket.
func (p *packetSocket) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	defer func() {
		if err != nil {
			p.once.Do(p.ended)
		}
	}()
	defer p.guard.RecoverTo(&err)
	for range 1000 {
		n, from, err = p.PacketConn.ReadFrom(b)
		if err == nil {
			return n, from, nil
		}
		if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
			break
		}
	}
	return 0, nil, err
}
