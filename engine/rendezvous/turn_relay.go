package rendezvous

import (
	"net"
	"net/netip"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/limit"
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
	address netip.AddrPort // as peers see it
	// translate: the public address is not this machine's. Two relays then
	// reach each other by the loopback interface and are told each other's
	// public addresses, since not every cloud's NAT sends packets back in.
	translate bool
	once      sync.Once
}

func (r *relay) WriteTo(p []byte, addr net.Addr) (n int, err error) {
	defer r.table.guard.RecoverTo(&err)
	to := addressOf(addr)
	if to.Port() < lowestPeerPort || !r.quota.pass(len(p)) {
		return len(p), nil
	}
	if r.translate && to.Addr() == r.table.public && r.table.has(to.Port()) {
		addr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, to.Port()))
	}
	return r.PacketConn.WriteTo(p, addr)
}

func (r *relay) ReadFrom(p []byte) (n int, addr net.Addr, err error) {
	defer r.table.guard.RecoverTo(&err)
	n, addr, err = r.PacketConn.ReadFrom(p)
	for err == nil && !r.quota.pass(n) {
		n, addr, err = r.PacketConn.ReadFrom(p)
	}
	if err != nil || !r.translate {
		return n, addr, err
	}
	from := addressOf(addr)
	if from.Addr().IsLoopback() && r.table.has(from.Port()) {
		addr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.table.public, from.Port()))
	}
	return n, addr, nil
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

// mayRelayTo reports whether a client may send to peer through a server at
// public. A stranger must not reach through a relay what only this machine or
// its own network can reach.
func mayRelayTo(peer net.IP, public netip.Addr, allowPrivate bool) bool {
	ip, ok := netip.AddrFromSlice(peer)
	ip = ip.Unmap()
	switch {
	case !ok || !limit.MayBeHost(ip):
		return false
	case ip == public:
		return true // from one relay to another, when both ends need one
	case ip.IsLoopback():
		return public.IsLoopback() // all on one machine: tests and demonstrations
	case ip.IsLinkLocalUnicast(): // a cloud's metadata service, for one
		return false
	case ip.IsPrivate():
		return allowPrivate || public.IsPrivate() || public.IsLoopback()
	}
	return true
}
