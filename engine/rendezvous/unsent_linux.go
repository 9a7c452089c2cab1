package rendezvous

import (
	"net"

	"golang.org/x/sys/unix"
)

// unsentBytes is how much may wait in a TCP connection's send buffer beyond
// what is on its way.
const unsentBytes = 32 << 10

// limitUnsent keeps the queue of a relay over TCP short, so that a command is
// not stuck behind seconds of video in the kernel. What does not fit is dropped
// before, at the relay's UDP socket, where the sender's congestion control
// sees it.
func limitUnsent(conn net.Conn) {
	for {
		upper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = upper.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes)
		})
	}
}
