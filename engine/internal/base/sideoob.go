package base

import (
	"net"
	"syscall"

	"golang.org/x/net/ipv4"
)

// sideBatchConn is a SideConn that looks to QUIC like a socket with ECN and
// GSO. QUIC asks for a socket's abilities once per connection, so a connection
// that began on the endpoint's socket goes on to use them when it moves to a
// relay. ECN marks do not pass a relay, and segments are taken apart here.
type sideBatchConn struct {
	*SideConn
	socket *Socket // the endpoint's, to answer QUIC's questions
}

// ForQUIC is the conn to give to QUIC beside the endpoint's socket.
func (c *SideConn) ForQUIC(beside *Socket) net.PacketConn {
	if beside.now.Load().batch != nil {
		return &sideBatchConn{c, beside}
	}
	return c
}

func (c *sideBatchConn) SyscallConn() (syscall.RawConn, error) {
	return c.socket.now.Load().udp.SyscallConn()
}

func (c *sideBatchConn) ReadBatch(messages []ipv4.Message, _ int) (n int, err error) {
	defer c.guard.RecoverTo(&err)
	m := &messages[0]
	n, from, err := c.ReadFrom(m.Buffers[0])
	if err != nil {
		return 0, err
	}
	m.N, m.NN, m.Addr = n, 0, from
	return 1, nil
}

func (c *sideBatchConn) ReadMsgUDP(p, _ []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	defer c.guard.RecoverTo(&err)
	n, address, err := c.ReadFrom(p)
	if err != nil {
		return 0, 0, 0, nil, err
	}
	return n, 0, 0, address.(*net.UDPAddr), nil
}

func (c *sideBatchConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	defer c.guard.RecoverTo(&err)
	if route := c.route.Load(); route != nil && route.socket != nil {
		return route.socket.writeMessage(p, oob, route.to(to))
	}
	size := segmentSize(oob)
	if size == 0 {
		size = len(p)
	}
	for rest := p; len(rest) > 0; {
		segment := rest[:min(size, len(rest))]
		c.WriteTo(segment, to)
		rest = rest[len(segment):]
	}
	return len(p), len(oob), nil
}
