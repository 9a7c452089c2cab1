package rendezvous

import (
	"net"
	"net/netip"
	"sync"
)

// lowestPeerPort: relays send nothing below it. Peers behind NATs are never
// there; the DNS, NTP and SNMP servers that a stranger would use a relay
// against are.
const lowestPeerPort = 1024

// relay is the socket of one allocation.
type relay struct {
	net.PacketConn
	table   *relays
	owner   client
	quota   *quota
	home    *home
	address netip.AddrPort // as peers see it
	once    sync.Once
}

func (r *relay) WriteTo(p []byte, addr net.Addr) (n int, err error) {
	defer r.table.guard.RecoverTo(&err)
	to := addressOf(addr)
	if to.Port() < lowestPeerPort || !r.table.mayReach(to) || !r.pass(len(p)) {
		return len(p), nil
	}
	if r.home.translates() && to.Addr() == r.home.public {
		addr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.home.loopback, to.Port()))
	}
	r.table.toPeers.Add(uint64(len(p)))
	return r.PacketConn.WriteTo(p, addr)
}

func (r *relay) ReadFrom(p []byte) (n int, addr net.Addr, err error) {
	defer r.table.guard.RecoverTo(&err)
	n, addr, err = r.PacketConn.ReadFrom(p)
	for err == nil && !r.pass(n) {
		n, addr, err = r.PacketConn.ReadFrom(p)
	}
	if err == nil {
		r.table.toClients.Add(uint64(n))
	}
	if err != nil || !r.home.translates() {
		return n, addr, err
	}
	from := addressOf(addr)
	if other := netip.AddrPortFrom(r.home.public, from.Port()); from.Addr().IsLoopback() && r.table.has(other) {
		addr = net.UDPAddrFromAddrPort(other)
	}
	return n, addr, nil
}

// pass reports whether a packet of n bytes keeps to the client's rate.
func (r *relay) pass(n int) bool {
	if r.quota.pass(n) {
		return true
	}
	r.table.tooMuch.Add(uint64(n))
	return false
}

// Close never fails: pion leaves other relays open when one does.
func (r *relay) Close() (err error) {
	defer r.table.guard.RecoverTo(&err)
	r.once.Do(func() {
		r.PacketConn.Close()
		r.table.remove(r)
	})
	return nil
}

// mayReach keeps a stranger from what else listens on the public address, which a firewall
// that trusts this machine would not: only other relays are there for him. On loopback all
// are on one machine, for tests and demonstrations.
func (r *relays) mayReach(to netip.AddrPort) bool {
	for _, h := range r.homes {
		if h.public == to.Addr() {
			return h.public.IsLoopback() || r.has(to)
		}
	}
	return true
}
