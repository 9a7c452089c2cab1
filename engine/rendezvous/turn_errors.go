package rendezvous

import (
	"net"
	"time"

	"github.com/pion/stun"
)

// errorSocket is a UDP socket on which no address gets more errors than it may begin
// connections. The answer to who shows no credentials, or none that hold, is several times
// as long as what it answers, and goes to whoever that says that it is from (RFC 8656,
// section 21.1.6). It is the answers that are limited, since a request can look like anything.
type errorSocket struct {
	net.PacketConn
	to *attempts
}

func (s errorSocket) WriteTo(p []byte, to net.Addr) (int, error) {
	if isErrorResponse(p) && !s.to.allow(sourceOf(to), time.Now()) {
		return len(p), nil
	}
	return s.PacketConn.WriteTo(p, to)
}

// isErrorResponse looks at the class of a message (RFC 8489, section 5).
func isErrorResponse(p []byte) bool {
	const class, errorResponse = 0x0110, 0x0110
	return stun.IsMessage(p) && p[0]>>6 == 0 && (int(p[0])<<8|int(p[1]))&class == errorResponse
}
