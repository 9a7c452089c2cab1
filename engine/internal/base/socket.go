package base

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

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
//
// Systems take sockets away, as those of phones do while an app is suspended. Then
// another one takes its place, and nobody above notices.
//
// On a host without IPv4, all above it speaks of peers' IPv4 addresses as elsewhere, and the
// socket sends to where a translator takes packets for them.
type Socket struct {
	Mux      *STUNMux
	Visitors Visitors // nil on an app, whose QUIC takes no handshakes anyway

	network hosts.Network
	log     *slog.Logger
	guard   panics.Guard
	now     atomic.Pointer[opened]
	port    atomic.Uint32
	closed  atomic.Bool
	done    chan struct{} // closed with it

	Moved func() // called when the port is another one; nil: nobody needs to know

	mu       sync.Mutex           // of those who open, close and set
	settings []func(*net.UDPConn) // by QUIC
	deadline time.Time            // for reads
	ended    chan struct{}        // closed while it has passed

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

// OpenSocket takes the first of the wanted ports that is free, or any if none is; 0 is none.
func OpenSocket(network hosts.Network, wanted []uint16, log *slog.Logger) (*Socket, error) {
	s := &Socket{network: network, log: log, guard: panics.Guard{Log: log}, done: make(chan struct{}), ended: make(chan struct{})}
	first, err := openFirst(network, wanted)
	if err != nil {
		return nil, err
	}
	s.use(first)
	s.Mux = NewSTUNMux(s.guard, s.WriteTo, baseAddresses(hosts.AddrPort(first.LocalAddr())), NewPacer(s.guard))
	return s, nil
}

// Port is another one after a socket was taken away whose port somebody else has now.
func (s *Socket) Port() uint16 { return uint16(s.port.Load()) }

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
	to = s.network.NAT64().Out(to)
	if now := s.now.Load(); now.udp != nil {
		_, err = now.udp.WriteToUDPAddrPort(p, to)
	} else {
		_, err = now.WriteTo(p, net.UDPAddrFromAddrPort(to))
	}
	return s.fatal(err)
}

// fatal is what QUIC needs to know of a failed write. A socket that was taken away
// is none of its business.
func (s *Socket) fatal(err error) error {
	if errors.Is(err, net.ErrClosed) && !s.closed.Load() {
		return nil
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

// segmentsTooLarge names the error of a GSO write whose packets are larger than the MTU.
// Before Linux 6.14 it is the one of arguments that make no sense.
func segmentsTooLarge(err error, oob []byte) error {
	if errors.Is(err, syscall.EINVAL) && segmentSize(oob) > 0 {
		return os.NewSyscallError("sendmsg", syscall.EMSGSIZE)
	}
	return err
}

// Alias is an address to dial in place of real ones of the family of like, as packets
// to that go out.
func (s *Socket) Alias(like netip.Addr) netip.AddrPort {
	n := s.nextAlias.Add(1)
	if s.network.NAT64().Out(netip.AddrPortFrom(like, 1)).Addr().Is4() {
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

// Carry makes conn's packets go from the socket to peer. What comes back reaches QUIC by
// the socket.
func (s *Socket) Carry(conn *SideConn, peer netip.AddrPort) {
	conn.route.Store(&sideRoute{socket: s, peer: peer})
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

// divert takes what is not for QUIC: STUN, knocks, and handshakes of those who are
// not expected.
func (s *Socket) divert(p []byte, from net.Addr) bool {
	if !beginsConnection(p) {
		return false
	}
	taken := true // also what nobody could take without a panic
	s.guard.Run(func() { taken = s.takes(p, s.network.NAT64().In(hosts.AddrPort(from))) })
	return taken
}

// beginsConnection reports whether a packet is not one of those that connections
// send once they are there, which have a short header (RFC 9000, section 17.3).
func beginsConnection(p []byte) bool { return len(p) > 0 && p[0]>>6 != 1 }

func (s *Socket) takes(p []byte, from netip.AddrPort) bool {
	switch {
	case s.Visitors != nil && discovery.IsQuery(p):
		s.Visitors.Knock(p, from)
		return true
	case isSTUN(p):
		s.Mux.Deliver(p, from)
		return true
	}
	return s.Visitors != nil && !s.Visitors.MayEnter(from)
}
