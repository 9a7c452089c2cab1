package rendezvous

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// peerRules say to whom a client may send through a relay. A stranger must not reach through it
// what only this machine, or the network that it stands in, can reach.
//
// The most specific rule decides, as with routes. Of rules for the same network the last one
// does: those of this package come first, then Config.RelayAllow, then Config.RelayDeny.
type peerRules []peerRule

type peerRule struct {
	network netip.Prefix
	allow   bool
}

// special are networks that are no part of the internet (RFC 6890), by what they are for: a
// server reaches those of the kind that its own address is of.
var special = map[string][]netip.Prefix{
	"private":       networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
	"carrier":       networks("100.64.0.0/10"), // between a carrier and its customers
	"benchmark":     networks("198.18.0.0/15"),
	"documentation": networks("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"), // laboratories
}

// nearby are networks of one machine, or one wire: a cloud's metadata service is on one.
var nearby = networks("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")

func networks(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// newPeerRules are the rules of a server at its public addresses. On loopback all are on one
// machine, for tests and demonstrations.
func newPeerRules(public []netip.Addr, allowPrivate bool, allow, deny []netip.Prefix) (rules peerRules) {
	add := func(allow bool, networks ...netip.Prefix) {
		for _, n := range networks {
			rules = append(rules, peerRule{n.Masked(), allow})
		}
	}
	ofUs := func(networks []netip.Prefix) bool {
		return slices.ContainsFunc(public, func(ip netip.Addr) bool { return isOneOf(networks, ip) })
	}
	onLoopback := public[0].IsLoopback()
	for kind, networks := range special {
		add(onLoopback || kind == "private" && allowPrivate || ofUs(networks), networks...)
	}
	add(onLoopback, nearby...)
	for _, ip := range public {
		if !ip.IsLoopback() {
			add(true, netip.PrefixFrom(ip, ip.BitLen())) // from one relay to another, when both ends need one
		}
	}
	add(true, allow...)
	add(false, deny...)
	return rules
}

// allow reports whether a client may send to peer. own is what ownAddresses returns, of which
// strangers reach nothing but where relays are.
func (rules peerRules) allow(peer net.IP, own []netip.Prefix) bool {
	ip, _ := netip.AddrFromSlice(peer)
	if ip = ip.Unmap(); !limit.MayBeHost(ip) {
		return false
	}
	allowed, specific := true, -1
	for _, n := range own {
		if n.Contains(ip) && n.Bits() > specific {
			allowed, specific = false, n.Bits()
		}
	}
	for _, r := range rules {
		if r.network.Contains(ip) && r.network.Bits() >= specific {
			allowed, specific = r.allow, r.network.Bits()
		}
	}
	return allowed
}

// ownNow is ownAddresses of a moment ago: to ask the system takes longer than all else that a client's question does, and one
// message may ask about a hundred peers.
type ownNow struct {
	ask func() ([]netip.Prefix, error) // nil: ownAddresses

	mu    sync.Mutex
	own   []netip.Prefix
	known bool
	until time.Time
}

const ownTime = time.Second

// get reports whether they are known. While the system does not tell, such as without a free descriptor, they are as they were.
func (o *ownNow) get(now time.Time) (own []netip.Prefix, known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Before(o.until) {
		return o.own, o.known
	}
	ask := o.ask
	if ask == nil {
		ask = ownAddresses
	}
	if own, err := ask(); err == nil {
		o.own, o.known = own, true
	}
	o.until = now.Add(ownTime)
	return o.own, o.known
}

// ownAddresses are those of this machine, those by which it reaches all hosts of a network of its at once, and the IPv6 networks
// that it is in: a firewall may be what keeps strangers from its neighbours there, since all have public addresses.
func ownAddresses() (own []netip.Prefix, err error) {
	all, err := net.InterfaceAddrs()
	for _, a := range all {
		n, is := a.(*net.IPNet)
		if !is {
			continue
		}
		ip, _ := netip.AddrFromSlice(n.IP)
		ip = ip.Unmap()
		own = append(own, netip.PrefixFrom(ip, ip.BitLen()))
		bits, _ := n.Mask.Size()
		if ip.Is4() && bits < 31 { // RFC 919
			all := ip.As4()
			for i, mask := range n.Mask[len(n.Mask)-4:] {
				all[i] |= ^mask
			}
			own = append(own, netip.PrefixFrom(netip.AddrFrom4(all), 32))
		}
		if ip.Is6() && ip.IsGlobalUnicast() && !ip.IsPrivate() {
			own = append(own, netip.PrefixFrom(ip, bits).Masked())
		}
	}
	return own, err
}
