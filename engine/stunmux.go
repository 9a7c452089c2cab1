package engine

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// stunMux shares a base (RFC 8445: the address that packets are sent from)
// among ICE agents and plain STUN requests. The base's reader gives it each
// STUN packet with deliver; what belongs to nobody is dropped. It implements
// ice.UDPMux.
type stunMux struct {
	guard     panics.Guard
	write     func(p []byte, to netip.AddrPort) error
	addresses []net.Addr // one of each family that the base can send from

	mu           sync.Mutex
	conns        map[stunMuxKey]*stunMuxConn
	transactions map[[stun.TransactionIDSize]byte]chan<- *stun.Message
}

type stunMuxKey struct {
	ufrag string
	ipv6  bool
}

func newSTUNMux(guard panics.Guard, write func([]byte, netip.AddrPort) error, addresses []net.Addr) *stunMux {
	return &stunMux{
		guard:        guard,
		write:        write,
		addresses:    addresses,
		conns:        make(map[stunMuxKey]*stunMuxConn),
		transactions: make(map[[stun.TransactionIDSize]byte]chan<- *stun.Message),
	}
}

// isSTUN reports whether a packet is STUN and not QUIC, by its first two bits
// (RFC 9443, section 3).
func isSTUN(p []byte) bool { return len(p) > 0 && p[0]>>6 == 0 }

// deliver hands a STUN packet to whom it is for. It copies p and never blocks.
func (m *stunMux) deliver(p []byte, from netip.AddrPort) {
	if !stun.IsMessage(p) {
		return
	}
	message := &stun.Message{Raw: append([]byte(nil), p...)}
	if message.Decode() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if waiting, ok := m.transactions[message.TransactionID]; ok {
		delete(m.transactions, message.TransactionID)
		waiting <- message // has room for the only one
		return
	}
	ipv6 := from.Addr().Is6()
	if message.Type.Class == stun.ClassRequest {
		// RFC 8445, section 7.2.2: the user name is "receiver:sender".
		var username stun.Username
		if username.GetFrom(message) != nil {
			return
		}
		ufrag, _, _ := strings.Cut(username.String(), ":")
		if c := m.conns[stunMuxKey{ufrag, ipv6}]; c != nil {
			c.push(message.Raw, from)
		}
		return
	}
	// A response goes to each agent that asked this address: it knows its own.
	for key, c := range m.conns {
		if key.ipv6 == ipv6 && c.asked[from] {
			c.push(message.Raw, from)
		}
	}
}

// GetConn returns an agent's view of the base, for one address family.
func (m *stunMux) GetConn(ufrag string, address net.Addr) (conn net.PacketConn, err error) {
	defer m.guard.RecoverTo(&err)
	m.mu.Lock()
	defer m.mu.Unlock()
	key := stunMuxKey{ufrag, address.(*net.UDPAddr).IP.To4() == nil}
	if c := m.conns[key]; c != nil {
		return c, nil
	}
	c := &stunMuxConn{
		mux:     m,
		key:     key,
		address: address,
		packets: make(chan stunPacket, 32),
		closed:  make(chan struct{}),
		asked:   make(map[netip.AddrPort]bool),
	}
	m.conns[key] = c
	return c, nil
}

// RemoveConnByUfrag ends an agent's views.
func (m *stunMux) RemoveConnByUfrag(ufrag string) {
	defer m.guard.Recover()
	for _, ipv6 := range []bool{false, true} {
		m.mu.Lock()
		c := m.conns[stunMuxKey{ufrag, ipv6}]
		m.mu.Unlock()
		if c != nil {
			c.Close()
		}
	}
}

// GetListenAddresses returns the base's addresses.
func (m *stunMux) GetListenAddresses() []net.Addr { return m.addresses }

// Close does nothing: the mux lives as long as its base.
func (m *stunMux) Close() error { return nil }

type stunPacket struct {
	bytes []byte
	from  netip.AddrPort
}

// stunMuxConn is what an ICE agent reads and writes.
type stunMuxConn struct {
	mux     *stunMux
	key     stunMuxKey
	address net.Addr
	packets chan stunPacket
	asked   map[netip.AddrPort]bool // guarded by mux.mu
	once    sync.Once
	closed  chan struct{}
}

// maxAsked bounds what a peer with many candidates can make an agent remember.
const maxAsked = 256

func (c *stunMuxConn) push(p []byte, from netip.AddrPort) {
	select {
	case c.packets <- stunPacket{p, from}:
	default: // lost, as on any network
	}
}

func (c *stunMuxConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	defer c.mux.guard.RecoverTo(&err)
	select {
	case packet := <-c.packets:
		return copy(p, packet.bytes), net.UDPAddrFromAddrPort(packet.from), nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *stunMuxConn) WriteTo(p []byte, to net.Addr) (n int, err error) {
	defer c.mux.guard.RecoverTo(&err)
	address := plainAddrPort(to)
	c.remember(address)
	return len(p), c.mux.write(p, address)
}

func (c *stunMuxConn) remember(asked netip.AddrPort) {
	c.mux.mu.Lock()
	defer c.mux.mu.Unlock()
	if len(c.asked) < maxAsked {
		c.asked[asked] = true
	}
}

func (c *stunMuxConn) Close() (err error) {
	defer c.mux.guard.RecoverTo(&err)
	c.once.Do(func() {
		defer close(c.closed)
		c.mux.mu.Lock()
		defer c.mux.mu.Unlock()
		delete(c.mux.conns, c.key)
	})
	return nil
}

func (c *stunMuxConn) LocalAddr() net.Addr { return c.address }

// Deadlines are ignored: an agent sets one only just before it closes.
func (c *stunMuxConn) SetDeadline(time.Time) error      { return nil }
func (c *stunMuxConn) SetReadDeadline(time.Time) error  { return nil }
func (c *stunMuxConn) SetWriteDeadline(time.Time) error { return nil }

// plainAddrPort is a UDP address in the one form that compares equal: IPv4 is
// never mapped into IPv6.
func plainAddrPort(a net.Addr) netip.AddrPort {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	address := udp.AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}
