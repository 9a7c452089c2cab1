package base

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// STUNMux shares a base (RFC 8445: the address that packets are sent from)
// among ICE agents and plain STUN requests. The base's reader gives it each
// STUN packet with deliver; what belongs to nobody is dropped.
type STUNMux struct {
	guard     panics.Guard
	write     func(p []byte, to netip.AddrPort) error
	addresses []net.Addr // one of each family that the base can send from
	Pacer     *pacer     // of the endpoint
	own       *Checks    // what it asks STUN servers
	relayed   bool       // the base is a relay

	mu           sync.Mutex
	conns        map[stunMuxKey]*stunMuxConn
	transactions map[[stun.TransactionIDSize]byte]chan<- *stun.Message
}

type stunMuxKey struct {
	ufrag string
	ipv6  bool
}

func NewSTUNMux(guard panics.Guard, write func([]byte, netip.AddrPort) error, addresses []net.Addr, pacer *pacer) *STUNMux {
	return &STUNMux{
		guard:        guard,
		write:        write,
		addresses:    addresses,
		Pacer:        pacer,
		own:          NewChecks(pacer, false),
		conns:        make(map[stunMuxKey]*stunMuxConn),
		transactions: make(map[[stun.TransactionIDSize]byte]chan<- *stun.Message),
	}
}

// isSTUN reports whether a packet is STUN and not QUIC, by its first two bits
// (RFC 9443, section 3).
func isSTUN(p []byte) bool { return len(p) > 0 && p[0]>>6 == 0 }

// Deliver hands a STUN packet to whom it is for. It copies p and never blocks.
func (m *STUNMux) Deliver(p []byte, from netip.AddrPort) {
	if !stun.IsMessage(p) {
		return
	}
	message := &stun.Message{Raw: append([]byte(nil), p...)}
	if message.Decode() != nil {
		return
	}
	if message.Type.Class == stun.ClassRequest {
		m.request(message, from)
	} else if c := m.Pacer.answered(m, message, from); c != nil {
		c.push(message.Raw, from)
	} else {
		m.response(message)
	}
}

// request gives an agent a check of its peer. RFC 8445, section 7.2.2: the user name
// is "receiver:sender".
func (m *STUNMux) request(check *stun.Message, from netip.AddrPort) {
	var username stun.Username
	if username.GetFrom(check) != nil {
		return
	}
	ufrag, _, _ := strings.Cut(username.String(), ":")
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.conns[stunMuxKey{ufrag, from.Addr().Is6()}]; c != nil && c.mayAsk(from) {
		c.push(check.Raw, from)
	}
}

// response gives a STUN server's answer to who waits for it.
func (m *STUNMux) response(message *stun.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if waiting, ok := m.transactions[message.TransactionID]; ok {
		delete(m.transactions, message.TransactionID)
		waiting <- message // has room for the only one
	}
}

// AgentMux is the base as the agents of one negotiation see it. It implements
// ice.UDPMux.
type AgentMux struct {
	*STUNMux
	Checks *Checks
}

// GetConn returns an agent's view of the base, for one address family.
func (m AgentMux) GetConn(ufrag string, address net.Addr) (conn net.PacketConn, err error) {
	defer m.guard.RecoverTo(&err)
	m.mu.Lock()
	defer m.mu.Unlock()
	key := stunMuxKey{ufrag, address.(*net.UDPAddr).IP.To4() == nil}
	if c := m.conns[key]; c != nil {
		return c, nil
	}
	c := &stunMuxConn{
		mux:     m.STUNMux,
		checks:  m.Checks,
		key:     key,
		address: address,
		packets: make(chan stunPacket, 32),
		closed:  make(chan struct{}),
		sources: make(map[netip.AddrPort]bool),
		targets: make(map[netip.AddrPort]*target),
	}
	m.conns[key] = c
	return c, nil
}

// RemoveConnByUfrag ends an agent's views.
func (m *STUNMux) RemoveConnByUfrag(ufrag string) {
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
func (m *STUNMux) GetListenAddresses() []net.Addr { return m.addresses }

// Close does nothing: the mux lives as long as its base.
func (m *STUNMux) Close() error { return nil }

type stunPacket struct {
	bytes []byte
	from  netip.AddrPort
}

// stunMuxConn is what an ICE agent reads and writes.
type stunMuxConn struct {
	mux     *STUNMux
	checks  *Checks
	key     stunMuxKey
	address net.Addr
	packets chan stunPacket
	sources map[netip.AddrPort]bool    // of checks; guarded by mux.mu
	targets map[netip.AddrPort]*target // guarded by the pacer's lock; nil: closed
	once    sync.Once
	closed  chan struct{}
}

// maxAddresses is how many addresses a peer may have for an agent, which remembers
// each that a check has come from, and checks it.
const maxAddresses = 64

// mayAsk needs mux.mu.
func (c *stunMuxConn) mayAsk(from netip.AddrPort) bool {
	if !c.sources[from] && len(c.sources) < maxAddresses {
		c.sources[from] = true
	}
	return c.sources[from]
}

// target needs the pacer's lock. It is nil if the conn is closed, or has too many.
func (c *stunMuxConn) target(to netip.AddrPort) *target {
	t := c.targets[to]
	if t == nil && c.targets != nil && len(c.targets) < 2*maxAddresses {
		t = &target{checks: c.checks, mux: c.mux, conn: c, to: to}
		c.targets[to] = t
	}
	return t
}

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
	address := hosts.AddrPort(to)
	switch {
	case !limit.MayBeHost(address.Addr()):
		return len(p), nil // a check may come from anywhere, answers do not go there
	case isRequest(p):
		c.checks.offer(c, address, p)
		return len(p), nil
	}
	c.checks.heard(c, address) // an agent answers only what the peer has signed
	return len(p), c.mux.write(p, address)
}

// isRequest reports whether a STUN packet is a request, by its class (RFC 8489,
// section 5).
func isRequest(p []byte) bool {
	var t stun.MessageType
	if len(p) >= 2 {
		t.ReadValue(binary.BigEndian.Uint16(p))
	}
	return len(p) >= stunHeaderSize && t.Class == stun.ClassRequest
}

func (c *stunMuxConn) Close() (err error) {
	defer c.mux.guard.RecoverTo(&err)
	c.once.Do(func() {
		defer close(c.closed)
		c.mux.mu.Lock()
		defer c.mux.mu.Unlock()
		delete(c.mux.conns, c.key)
	})
	c.mux.Pacer.forget(c)
	return nil
}

func (c *stunMuxConn) LocalAddr() net.Addr { return c.address }

// Deadlines are ignored: an agent sets one only just before it closes.
func (c *stunMuxConn) SetDeadline(time.Time) error      { return nil }
func (c *stunMuxConn) SetReadDeadline(time.Time) error  { return nil }
func (c *stunMuxConn) SetWriteDeadline(time.Time) error { return nil }
