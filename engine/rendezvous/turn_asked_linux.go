package rendezvous

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// askedSocket is a UDP socket for all addresses of a machine, which answers each client from
// the one that it has asked (RFC 8489, section 6.3.1): the system would take that of the route
// back, and a client that has asked another, or a NAT before it, lets no such answer in.
type askedSocket struct {
	*net.UDPConn
	control []byte // of the datagram that is read

	mu    sync.Mutex
	asked limit.Map[netip.AddrPort, control] // by client
}

// control is the message for the system that names the address to send from.
type control struct {
	bytes [64]byte
	size  int
}

// maxAsked bounds for how many clients it is remembered. Who is forgotten is known again
// with the next datagram.
const maxAsked = 1 << 14

// answeringFromTheAddressAsked returns conn, if it is bound to one address.
func answeringFromTheAddressAsked(conn net.PacketConn) net.PacketConn {
	udp, ok := conn.(*net.UDPConn)
	if !ok || !addressOf(udp.LocalAddr()).Addr().IsUnspecified() {
		return conn
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return conn
	}
	is6 := false
	raw.Control(func(fd uintptr) {
		is6 = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1) == nil
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	})
	if err != nil && !is6 {
		return conn // answers come from wherever the system likes
	}
	s := &askedSocket{UDPConn: udp, control: make([]byte, 128)}
	s.asked.Most = maxAsked
	return s
}

func (s *askedSocket) ReadFrom(p []byte) (int, net.Addr, error) {
	n, size, _, from, err := s.ReadMsgUDPAddrPort(p, s.control)
	if err != nil {
		return n, nil, err
	}
	if c, ok := answering(s.control[:size]); ok {
		s.mu.Lock()
		s.asked.Put(from, c)
		s.mu.Unlock()
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

func (s *askedSocket) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return s.UDPConn.WriteTo(p, addr)
	}
	s.mu.Lock()
	c, known := s.asked.Get(to.AddrPort())
	s.mu.Unlock()
	if known {
		if n, _, err := s.WriteMsgUDPAddrPort(p, c.bytes[:c.size], to.AddrPort()); err == nil {
			return n, nil
		} // the address is this machine's no more, for one
	}
	return s.UDPConn.WriteTo(p, addr)
}

// answering makes of what the system has said of a datagram what it wants to hear of the
// answer.
func answering(said []byte) (c control, ok bool) {
	messages, err := unix.ParseSocketControlMessage(said)
	if err != nil {
		return c, false
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			info := unix.Inet6Pktinfo{Addr: [16]byte(m.Data)}
			c.size = copy(c.bytes[:], unix.PktInfo6(&info))
			return c, true
		case m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			info := unix.Inet4Pktinfo{Spec_dst: [4]byte(m.Data[4:])}
			c.size = copy(c.bytes[:], unix.PktInfo4(&info))
			return c, true
		}
	}
	return c, false
}
