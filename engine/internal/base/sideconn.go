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

// SideConn is what QUIC reads and writes beside the endpoint's socket: for traffic
// through relays, and for that on a path of the socket which is to be tried while another
// one carries the connection. It may outlive what is under it, and get another: a QUIC
// connection ends when one of its transports does, so this one stays quiet instead.
type SideConn struct {
	guard    panics.Guard
	local    net.Addr
	visitors Visitors // nil on an app
	incoming chan *sidePacket
	route    atomic.Pointer[sideRoute]

	mu       sync.Mutex
	expired  chan struct{} // closed while the read deadline has passed
	deadline bool
}

// sideRoute is the way that packets go out now: through a relay, or from the socket.
type sideRoute struct {
	relay  *Relay
	socket *Socket
	peer   netip.AddrPort // the zero value: to the address that QUIC names
}

// to is where a packet goes that QUIC sends to an address.
func (r *sideRoute) to(address net.Addr) netip.AddrPort {
	if r.peer.IsValid() {
		return r.peer
	}
	return hosts.AddrPort(address)
}

// send loses what cannot be sent, as any network does.
func (r *sideRoute) send(p []byte, to netip.AddrPort) error {
	if r.relay != nil {
		return r.relay.writeTo(p, to)
	}
	return r.socket.WriteTo(p, to)
}

type sidePacket struct {
	bytes [1500]byte
	size  int
	from  netip.AddrPort
}

var sidePackets = sync.Pool{New: func() any { return new(sidePacket) }}

func NewSideConn(local netip.AddrPort, visitors Visitors, log *slog.Logger) *SideConn {
	return &SideConn{
		visitors: visitors,
		guard:    panics.Guard{Log: log},
		local:    net.UDPAddrFromAddrPort(local),
		incoming: make(chan *sidePacket, 512),
		expired:  make(chan struct{}),
	}
}

// Detach makes what is sent from now on be lost, until something carries it again.
func (c *SideConn) Detach() { c.route.Store(nil) }

// push is a relay's sink.
func (c *SideConn) push(p []byte, from netip.AddrPort) {
	if c.visitors != nil && beginsConnection(p) && !c.visitors.MayEnter(from) {
		return
	}
	packet := sidePackets.Get().(*sidePacket)
	packet.size, packet.from = copy(packet.bytes[:], p), from
	select {
	case c.incoming <- packet:
	default: // lost, as on any network
		sidePackets.Put(packet)
	}
}

func (c *SideConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	defer c.guard.RecoverTo(&err)
	c.mu.Lock()
	expired := c.expired
	c.mu.Unlock()
	select {
	case packet := <-c.incoming:
		n, from := copy(p, packet.bytes[:packet.size]), packet.from
		sidePackets.Put(packet)
		return n, net.UDPAddrFromAddrPort(from), nil
	case <-expired:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (c *SideConn) WriteTo(p []byte, to net.Addr) (n int, err error) {
	defer c.guard.RecoverTo(&err)
	if route := c.route.Load(); route != nil {
		if err := route.send(p, route.to(to)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// SetReadDeadline knows two deadlines: now and never. QUIC uses no other, and
// uses this one to stop reading.
func (c *SideConn) SetReadDeadline(t time.Time) (err error) {
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

func (c *SideConn) LocalAddr() net.Addr              { return c.local }
func (c *SideConn) Close() error                     { return nil }
func (c *SideConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *SideConn) SetWriteDeadline(time.Time) error { return nil }

// QUIC asks for larger buffers and warns where it cannot have them.
func (c *SideConn) SetReadBuffer(int) error  { return nil }
func (c *SideConn) SetWriteBuffer(int) error { return nil }
