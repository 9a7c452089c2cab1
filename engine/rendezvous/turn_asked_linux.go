package rendezvous

import (
	"bytes"
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
	asked limit.Map[netip.AddrPort, control]    // by client
	holds limit.Recent[netip.AddrPort, control] // by client with a relay
}

// control is the message for the system that names the address to send from.
type control struct {
	bytes [64]byte
	size  int
}

// maxAsked bounds for how many clients it is remembered. Who is forgotten is known again
// with the next datagram; but who holds a relay may only receive for a while, and must not be
// forgotten for others, whose addresses may be made up: so these are remembered apart, as
// long as they refresh what they hold before maxHolding others have sent or received something.
const (
	maxAsked   = 1 << 14
	maxHolding = 1 << 16
)

// granted begins each answer that gives a client a relay (RFC 8489, section 5; RFC 8656, section 17).
var granted = []byte{0x01, 0x03}

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
	s.asked.Most, s.holds.Most = maxAsked, maxHolding
	return s
}

func (s *askedSocket) ReadFrom(p []byte) (int, net.Addr, error) {
	n, size, _, from, err := s.ReadMsgUDPAddrPort(p, s.control)
	if err != nil {
		return n, nil, err
	}
	if c, ok := answering(s.control[:size]); ok {
		s.note(from, c)
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

func (s *askedSocket) note(from netip.AddrPort, c control) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, holds := s.holds.Get(from); holds {
		s.holds.Put(from, c)
		return
	}
	s.asked.Put(from, c)
}

// asks returns from where to send p to a client.
func (s *askedSocket) asks(to netip.AddrPort, p []byte) (c control, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, known = s.holds.Get(to); known {
		return c, true
	}
	c, known = s.asked.Get(to)
	if known && bytes.HasPrefix(p, granted) {
		s.holds.Put(to, c)
	}
	return c, known
}

func (s *askedSocket) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return s.UDPConn.WriteTo(p, addr)
	}
	if c, known := s.asks(to.AddrPort(), p); known {
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
