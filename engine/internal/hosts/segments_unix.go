//go:build unix

package hosts

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// segmentSize fits into 1200 bytes, which each path carries that carries QUIC, with the
// headers of IPv6 and of TCP with all its options.
const segmentSize = 1200 - 40 - 60

// smallSegments bounds what TCP sends in one packet, in both directions: the other end is
// told. Systems learn what a path carries from ICMP (RFC 8201), which many routers drop;
// then a connection is made, and hangs at the first long message.
func smallSegments(_, _ string, raw syscall.RawConn) error {
	raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segmentSize) })
	return nil
}
