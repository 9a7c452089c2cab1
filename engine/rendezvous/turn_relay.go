package rendezvous

import (
	"net"
	"net/netip"
	"slices"
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
	if to.Port() < lowestPeerPort || !r.table.mayReach(to) || !r.quota.pass(len(p)) {
		return len(p), nil
	}
	if r.translate && to.Addr() == r.table.public && r.table.has(to.Port()) {
		addr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, to.Port()))
	}
	r.table.toPeers.Add(uint64(len(p)))
	return r.PacketConn.WriteTo(p, addr)
}

func (r *relay) ReadFrom(p []byte) (n int, addr net.Addr, err error) {
	defer r.table.guard.RecoverTo(&err)
	n, addr, err = r.PacketConn.ReadFrom(p)
	for err == nil && !r.quota.pass(n) {
		n, addr, err = r.PacketConn.ReadFrom(p)
	}
	if err == nil {
		r.table.toClients.Add(uint64(n))
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

// mayReach keeps a stranger from what else listens on the public address, which a firewall
// that trusts this machine would not: only other relays are there for him. On loopback all
// are on one machine, for tests and demonstrations.
func (r *relays) mayReach(to netip.AddrPort) bool {
	return to.Addr() != r.public || r.public.IsLoopback() || r.has(to.Port())
}

// isOwn reports whether an address is one of this machine's, but for that of its relays.
func isOwn(peer net.IP, public netip.Addr) bool {
	ip, _ := netip.AddrFromSlice(peer)
	if ip = ip.Unmap(); ip == public || public.IsLoopback() {
		return false
	}
	own, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(own, func(a net.Addr) bool {
		n, is := a.(*net.IPNet)
		return is && n.IP.Equal(peer)
	})
}

// inner are networks that, like private ones, are not part of the internet: shared with a
// carrier (RFC 6598), and for benchmarks (RFC 2544).
var inner = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15")}

func isPrivate(ip netip.Addr) bool { return ip.IsPrivate() || isOneOf(inner, ip) }

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
	case isPrivate(ip):
		return allowPrivate || isPrivate(public) || public.IsLoopback()
	}
	return true
}
