package paths

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Reach says which addresses may be a peer's, as seen from this host. Whatever names
// one goes through it: messages of a peer, tickets, callers, and what is remembered.
type Reach struct {
	own      []netip.Prefix // this host's addresses, with their networks
	loopback bool           // all there is, is on this host
}

// ReachOn looks at the host's addresses as they are now. Loopback counts on a host that
// has nothing else, and where a STUN or TURN server is there, in tests and
// demonstrations: then relays are too, and so look sockets from outside.
func ReachOn(network hosts.Network, servers signal.ICEServers) Reach {
	own := network.Prefixes()
	further := func(p netip.Prefix) bool { return !p.Addr().IsLoopback() && !p.Addr().IsLinkLocalUnicast() }
	alone := len(own) > 0 && !slices.ContainsFunc(own, further)
	return Reach{own: own, loopback: alone || onLoopback(servers)}
}

func onLoopback(servers signal.ICEServers) bool {
	for _, server := range servers.STUN {
		if address, err := netip.ParseAddrPort(server); err == nil && address.Addr().IsLoopback() {
			return true
		}
	}
	for _, server := range servers.TURN {
		uri, err := stun.ParseURI(server.URL)
		if err != nil {
			continue
		}
		if ip, err := netip.ParseAddr(uri.Host); err == nil && ip.IsLoopback() {
			return true
		}
	}
	return false
}

// Check says why an address cannot be a peer's.
func (r Reach) Check(address netip.AddrPort) error {
	ip := address.Addr()
	switch linkLocal := ip.IsLinkLocalUnicast(); {
	case !address.IsValid() || address.Port() == 0:
		return errors.New("it has no address or no port")
	case ip.Is4In6() || !limit.MayBeHost(ip):
		return errors.New("no host has such an address")
	case ip.IsLoopback() && !r.loopback:
		return errors.New("it is this host itself: give the address in the network")
	case ip.Is6() && linkLocal != (ip.Zone() != ""):
		return errors.New("link-local addresses, and no others, need the interface, as in fe80::1%eth0")
	case ip.Is4() && linkLocal && !slices.ContainsFunc(r.own, func(p netip.Prefix) bool { return p.Addr().Is4() && p.Addr().IsLinkLocalUnicast() }):
		return errors.New("it is link-local, and this host has no such address")
	case slices.ContainsFunc(r.own, func(p netip.Prefix) bool { return reachesAll(p, ip) }):
		return errors.New("it is the broadcast address of a network of this host")
	}
	return nil
}

func (r Reach) Allows(address netip.AddrPort) bool { return r.Check(address) == nil }

// Only are those of a peer's candidates that may be its.
func (r Reach) Only(candidates []signal.Candidate) []signal.Candidate {
	return slices.DeleteFunc(candidates, func(c signal.Candidate) bool { return !r.Allows(c.Address) })
}

// reachesAll reports whether an address means all hosts of a network: its last one,
// and by an old habit its first (RFC 1122, section 3.2.1.3). Networks of two have
// neither (RFC 3021).
func reachesAll(network netip.Prefix, ip netip.Addr) bool {
	if !ip.Is4() || !network.Contains(ip) || network.Bits() > 30 {
		return false
	}
	host := ^uint32(0) >> network.Bits()
	as4 := ip.As4()
	bits := uint32(as4[0])<<24 | uint32(as4[1])<<16 | uint32(as4[2])<<8 | uint32(as4[3])
	return bits&host == host || bits&host == 0
}
