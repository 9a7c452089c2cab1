package emulator

import (
	"net/netip"
	"time"
)

// Port is a place in the network that has addresses, an up link towards the
// others, and a down link from them.
type Port struct {
	network  *Network
	up, down *link
	deliver  func(packet []byte)
	blockUDP bool
}

// Attach adds a port. The name picks the port's random numbers and should be
// unique. deliver is called for each packet that arrives, by one goroutine for
// the whole network: it must not block, and must not keep the slice.
func (n *Network) Attach(name string, up, down Link, deliver func(packet []byte), addrs ...netip.Addr) *Port {
	now := time.Since(n.start)
	p := &Port{
		network: n, deliver: deliver,
		up: newLink(now, up, n.seed, name+"/up"), down: newLink(now, down, n.seed, name+"/down"),
	}
	p.SetAddresses(addrs...)
	return p
}

// SetAddresses replaces the port's addresses. Packets on the way to an old one
// are dropped unless they have passed the point where the two links meet.
func (p *Port) SetAddresses(addrs ...netip.Addr) {
	n := p.network
	n.mu.Lock()
	defer n.mu.Unlock()
	for addr, port := range n.routes {
		if port == p {
			delete(n.routes, addr)
		}
	}
	for _, addr := range addrs {
		n.routes[addr] = p
	}
}

// Send takes over a packet and puts it into the up link.
func (p *Port) Send(packet *Packet) {
	n := p.network
	n.mu.Lock()
	defer n.mu.Unlock()
	_, protocol, ok := packet.header()
	switch {
	case n.closed:
		packet.Free()
	case !ok:
		p.up.Unrouted++
		packet.Free()
	case p.blockUDP && protocol == protocolUDP:
		p.up.Blocked++
		packet.Free()
	default:
		n.enter(p.up, event{packet: packet, from: p}, time.Since(n.start))
		n.rouse()
	}
}

// SetLinks changes both links for packets to come; those on the way keep their
// time, and those behind them stay behind.
func (p *Port) SetLinks(up, down Link) {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	now := time.Since(p.network.start)
	p.up.configure(now, up)
	p.down.configure(now, down)
}

// BlockUDP drops all UDP from and to this port, or stops doing so.
func (p *Port) BlockUDP(on bool) {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	p.blockUDP = on
}

// Stats returns the counters of both links. Packets blocked on the way to a port
// are counted by the sender's up link.
func (p *Port) Stats() (up, down Counters) {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	return p.up.Counters, p.down.Counters
}
