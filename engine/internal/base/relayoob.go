package base

import (
	"net"
	"syscall"

	"golang.org/x/net/ipv4"
)

// relayBatchConn is a RelayConn that looks to QUIC like a socket with ECN and
// GSO. QUIC asks for a socket's abilities once per connection, so a connection
// that began on the endpoint's socket goes on to use them when it moves to a
// relay. ECN marks do not pass a relay, and segments are taken apart here.
type relayBatchConn struct {
	*RelayConn
	socket *net.UDPConn // the endpoint's, to answer QUIC's questions
}

// ForQUIC is the conn to give to QUIC beside the endpoint's socket.
func (c *RelayConn) ForQUIC(beside *Socket) net.PacketConn {
	if udp, ok := beside.udp.(*net.UDPConn); ok {
		return &relayBatchConn{c, udp}
	}
	return c
}

func (c *relayBatchConn) SyscallConn() (syscall.RawConn, error) { return c.socket.SyscallConn() }

func (c *relayBatchConn) ReadBatch(messages []ipv4.Message, _ int) (n int, err error) {
	defer c.guard.RecoverTo(&err)
	m := &messages[0]
	n, from, err := c.ReadFrom(m.Buffers[0])
	if err != nil {
		return 0, err
	}
	m.N, m.NN, m.Addr = n, 0, from
	return 1, nil
}

func (c *relayBatchConn) ReadMsgUDP(p, _ []byte) (n, oobn, flags int, from *net.UDPAddr, err error) {
	defer c.guard.RecoverTo(&err)
	n, address, err := c.ReadFrom(p)
	if err != nil {
		return 0, 0, 0, nil, err
	}
	return n, 0, 0, address.(*net.UDPAddr), nil
}

func (c *relayBatchConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	defer c.guard.RecoverTo(&err)
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
