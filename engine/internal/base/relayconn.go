package base

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// RelayConn is what QUIC reads and writes for traffic through relays. It may
// outlive the relay under it, and get another: a QUIC connection ends when one
// of its transports does, so this one stays quiet instead.
type RelayConn struct {
	guard    panics.Guard
	local    net.Addr
	visitors Visitors // nil on an app
	incoming chan *relayPacket
	route    atomic.Pointer[relayRoute]

	mu       sync.Mutex
	expired  chan struct{} // closed while the read deadline has passed
	deadline bool
}

// relayRoute is the way that packets go out now.
type relayRoute struct {
	relay *Relay
	peer  netip.AddrPort // the zero value: to the address that QUIC names
}

type relayPacket struct {
	bytes [1500]byte
	size  int
	from  netip.AddrPort
}

var relayPackets = sync.Pool{New: func() any { return new(relayPacket) }}

func NewRelayConn(local netip.AddrPort, visitors Visitors, log *slog.Logger) *RelayConn {
	return &RelayConn{
		visitors: visitors,
		guard:    panics.Guard{Log: log},
		local:    net.UDPAddrFromAddrPort(local),
		incoming: make(chan *relayPacket, 512),
		expired:  make(chan struct{}),
	}
}

// Detach makes what is sent from now on be lost, until a relay carries it again.
func (c *RelayConn) Detach() { c.route.Store(nil) }

// push is a relay's sink.
func (c *RelayConn) push(p []byte, from netip.AddrPort) {
	if c.visitors != nil && beginsConnection(p) && !c.visitors.MayEnter(from) {
		return
	}
	packet := relayPackets.Get().(*relayPacket)
	packet.size, packet.from = copy(packet.bytes[:], p), from
	select {
	case c.incoming <- packet:
	default: // lost, as on any network
		relayPackets.Put(packet)
	}
}

func (c *RelayConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	defer c.guard.RecoverTo(&err)
	c.mu.Lock()
	expired := c.expired
	c.mu.Unlock()
	select {
	case packet := <-c.incoming:
		n, from := copy(p, packet.bytes[:packet.size]), packet.from
		relayPackets.Put(packet)
		return n, net.UDPAddrFromAddrPort(from), nil
	case <-expired:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (c *RelayConn) WriteTo(p []byte, to net.Addr) (n int, err error) {
	defer c.guard.RecoverTo(&err)
	if route := c.route.Load(); route != nil {
		peer := route.peer
		if !peer.IsValid() {
			peer = hosts.AddrPort(to)
		}
		route.relay.writeTo(p, peer)
	}
	return len(p), nil
}

// SetReadDeadline knows two deadlines: now and never. QUIC uses no other, and
// uses this one to stop reading.
func (c *RelayConn) SetReadDeadline(t time.Time) (err error) {
	defer c.guard.RecoverTo(&err)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch now := !t.IsZero(); {
	case now && !c.deadline:
		close(c.expired)
		c.deadline = true
	case !now && c.deadline:
		c.expired = make(chan struct{})
		c.deadline = false
	}
	return nil
}

func (c *RelayConn) LocalAddr() net.Addr              { return c.local }
func (c *RelayConn) Close() error                     { return nil }
func (c *RelayConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *RelayConn) SetWriteDeadline(time.Time) error { return nil }

// QUIC asks for larger buffers and warns where it cannot have them.
func (c *RelayConn) SetReadBuffer(int) error  { return nil }
func (c *RelayConn) SetWriteBuffer(int) error { return nil }
