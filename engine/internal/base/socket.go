package base

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/ipv4"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Socket is an endpoint's one UDP socket. STUN and QUIC share it: what arrives
// is told apart by its first bits, STUN goes to the mux, the rest to QUIC.
//
// QUIC cannot change the remote address of a connection that it has dialled.
// An app therefore dials an alias, and the socket sends to the address that the
// alias stands for at the moment.
type Socket struct {
	udp  net.PacketConn // *net.UDPConn but in tests
	Mux  *STUNMux
	Port uint16

	guard panics.Guard

	Visitors Visitors // nil on an app, whose QUIC takes no handshakes anyway

	nextAlias atomic.Uint64
	aliases   sync.Map // netip.AddrPort -> *atomic.Pointer[netip.AddrPort]
}

// Visitors are those who may begin a handshake with a device (gate.Visitors).
type Visitors interface {
	// Knock takes a packet that asks for it.
	Knock(packet []byte, from netip.AddrPort)
	// MayEnter reports whether packets that begin a connection are taken from an address.
	MayEnter(from netip.AddrPort) bool
}

// Aliases are of the family of what they stand for, since QUIC marks ECN by it.
// They are reserved (RFC 1112) or discard-only (RFC 6666): no packet to an alias
// could leave the host by mistake.
var (
	aliases4 = netip.MustParsePrefix("240.0.0.0/4")
	aliases6 = netip.MustParsePrefix("100::/64")
)

// OpenSocket takes the wanted port if it is free, and any if not, or if it is 0.
func OpenSocket(network hosts.Network, wanted uint16, log *slog.Logger) (*Socket, error) {
	s := &Socket{guard: panics.Guard{Log: log}}
	var err error
	if s.udp, err = network.Listen(wanted); err != nil {
		s.udp, err = network.Listen(0)
	}
	if err != nil {
		return nil, err
	}
	local := hosts.AddrPort(s.udp.LocalAddr())
	s.Port = local.Port()
	s.Mux = NewSTUNMux(s.guard, s.WriteTo, baseAddresses(local), NewPacer(s.guard))
	return s, nil
}

// baseAddresses stand for all of the host's addresses in an ICE agent: one of
// each family, since the system picks the source address of each packet.
func baseAddresses(local netip.AddrPort) []net.Addr {
	port := int(local.Port())
	addresses := []net.Addr{&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}}
	if local.Addr().Is6() {
		addresses = append(addresses, &net.UDPAddr{IP: net.IPv6loopback, Port: port})
	}
	return addresses
}

// WriteTo sends one packet. A packet that cannot be sent now is lost, as on any
// network: no error but the socket's end may reach QUIC, which would give up
// the connection.
func (s *Socket) WriteTo(p []byte, to netip.AddrPort) error {
	var err error
	if udp, ok := s.udp.(*net.UDPConn); ok {
		_, err = udp.WriteToUDPAddrPort(p, to)
	} else {
		_, err = s.udp.WriteTo(p, net.UDPAddrFromAddrPort(to))
	}
	return fatalWriteError(err)
}

// fatalWriteError keeps what QUIC needs to know of a failed write: that the
// socket is closed, that the packet is larger than the path's MTU, or that the
// device cannot segment (GSO).
func fatalWriteError(err error) error {
	if err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.EIO) {
		return err
	}
	return nil
}

// Alias is an address to dial in place of real ones of the family of like.
func (s *Socket) Alias(like netip.Addr) netip.AddrPort {
	n := s.nextAlias.Add(1)
	if like.Is4() {
		ip := aliases4.Addr().As4()
		binary.BigEndian.PutUint32(ip[:], binary.BigEndian.Uint32(ip[:])|uint32(n)&(1<<28-1))
		return netip.AddrPortFrom(netip.AddrFrom4(ip), 1)
	}
	ip := aliases6.Addr().As16()
	binary.BigEndian.PutUint64(ip[8:], n)
	return netip.AddrPortFrom(netip.AddrFrom16(ip), 1)
}

// Bind makes alias stand for to; before that, packets to it are dropped.
func (s *Socket) Bind(alias, to netip.AddrPort) {
	target, _ := s.aliases.LoadOrStore(alias, new(atomic.Pointer[netip.AddrPort]))
	target.(*atomic.Pointer[netip.AddrPort]).Store(&to)
}

func (s *Socket) Unbind(alias netip.AddrPort) { s.aliases.Delete(alias) }

// resolve returns the address to send to.
func (s *Socket) resolve(to netip.AddrPort) (netip.AddrPort, bool) {
	if !aliases4.Contains(to.Addr()) && !aliases6.Contains(to.Addr()) {
		return to, true
	}
	target, ok := s.aliases.Load(to)
	if !ok {
		return to, false
	}
	return *target.(*atomic.Pointer[netip.AddrPort]).Load(), true
}

func (s *Socket) Close() error { return s.udp.Close() }

// PacketConn returns the socket as QUIC reads and writes it. On a real UDP
// socket it keeps GSO, batch reads and ECN.
func (s *Socket) PacketConn() net.PacketConn {
	if udp, ok := s.udp.(*net.UDPConn); ok {
		if batch, err := newBatchReader(udp); err == nil {
			return &batchConn{UDPConn: udp, socket: s, batch: batch}
		}
	}
	return &plainConn{PacketConn: s.udp, socket: s}
}

// divert takes what is not for QUIC: STUN, knocks, and handshakes of those who are
// not expected.
func (s *Socket) divert(p []byte, from net.Addr) bool {
	if !beginsConnection(p) {
		return false
	}
	taken := true // also what nobody could take without a panic
	s.guard.Run(func() { taken = s.takes(p, from) })
	return taken
}

// beginsConnection reports whether a packet is not one of those that connections
// send once they are there, which have a short header (RFC 9000, section 17.3).
func beginsConnection(p []byte) bool { return len(p) > 0 && p[0]>>6 != 1 }

func (s *Socket) takes(p []byte, from net.Addr) bool {
	switch {
	case s.Visitors != nil && discovery.IsQuery(p):
		s.Visitors.Knock(p, hosts.AddrPort(from))
		return true
	case isSTUN(p):
		s.Mux.Deliver(p, hosts.AddrPort(from))
		return true
	}
	return s.Visitors != nil && !s.Visitors.MayEnter(hosts.AddrPort(from))
}

// batchConn satisfies quic.OOBCapablePacketConn and reads in batches.
type batchConn struct {
	*net.UDPConn
	socket *Socket
	batch  *batchReader
}

// ReadBatch reads for QUIC. What is not for it stays in its place with no length,
// since QUIC pairs messages with its buffers by their index.
func (c *batchConn) ReadBatch(messages []ipv4.Message, flags int) (n int, err error) {
	defer c.socket.guard.RecoverTo(&err)
	n, err = c.batch.ReadBatch(messages, flags)
	for i := range messages[:max(n, 0)] {
		m := &messages[i]
		if p := m.Buffers[0][:m.N]; c.socket.divert(p, m.Addr) {
			m.N = 0
		}
	}
	return n, err
}

func (c *batchConn) WriteMsgUDP(p, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	defer c.socket.guard.RecoverTo(&err)
	address, ok := c.socket.resolve(hosts.AddrPort(to))
	if !ok {
		return len(p), len(oob), nil
	}
	n, oobn, err = c.UDPConn.WriteMsgUDPAddrPort(p, oob, address)
	if err != nil && fatalWriteError(err) == nil {
		return len(p), len(oob), nil
	}
	return n, oobn, err
}

// plainConn is the socket over any net.PacketConn.
type plainConn struct {
	net.PacketConn
	socket *Socket
}

func (c *plainConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	defer c.socket.guard.RecoverTo(&err)
	for {
		n, from, err = c.PacketConn.ReadFrom(p)
		if err != nil || !c.socket.divert(p[:n], from) {
			return n, from, err
		}
	}
}

func (c *plainConn) WriteTo(p []byte, to net.Addr) (n int, err error) {
	defer c.socket.guard.RecoverTo(&err)
	address, ok := c.socket.resolve(hosts.AddrPort(to))
	if !ok {
		return len(p), nil
	}
	if err := c.socket.WriteTo(p, address); err != nil {
		return 0, err
	}
	return len(p), nil
}
