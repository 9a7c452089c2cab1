package discovery

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// link is an interface at which somebody may be near.
type link struct {
	net.Interface
	prefixes []netip.Prefix // IPv4
	local6   netip.Addr     // link-local IPv6 with its zone, or invalid
	blind    bool           // the prefixes are addresses only: the networks are not known
}

// maxLinks bounds the sockets on hosts with very many containers: those are left out where least is to be found.
const maxLinks = 32

// links are the interfaces that are up and reach more than one peer. A tunnel to
// one peer has no neighbours; the loopback interface has all programs on this host.
func links() []link {
	interfaces, err := net.Interfaces()
	if err != nil {
		return unlistedLinks()
	}
	var found []link
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&(net.FlagBroadcast|net.FlagMulticast|net.FlagLoopback) == 0 {
			continue
		}
		l := link{Interface: i}
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			p := hosts.Prefix(a)
			switch ip := p.Addr(); {
			case ip.Is4():
				l.prefixes = append(l.prefixes, p)
			case ip.IsLinkLocalUnicast() && !l.local6.IsValid():
				l.local6 = ip.WithZone(i.Name)
			}
		}
		if l.prefixes != nil || l.local6.IsValid() {
			found = append(found, l)
		}
	}
	return mostUseful(found, (hosts.System{}).Prefixes())
}

// mostUseful leaves maxLinks: those first from which the host sends into the internet, then those at which somebody can be,
// as useful says, and those without an address of IPv4 last.
func mostUseful(found []link, useful []netip.Prefix) []link {
	rank := func(l link) int {
		best := len(useful) + 1
		for _, p := range l.prefixes {
			if i := slices.IndexFunc(useful, func(u netip.Prefix) bool { return u.Addr() == p.Addr() }); i >= 0 {
				best = min(best, i)
			} else {
				best = min(best, len(useful))
			}
		}
		return best
	}
	slices.SortStableFunc(found, func(a, b link) int { return cmp.Compare(rank(a), rank(b)) })
	return found[:min(len(found), maxLinks)]
}

// unlistedLinks are for hosts whose interfaces may not be listed, as on Android 11 and
// later: from the addresses that the program has named, or those from which the host sends
// into the internet. Where the interface is not known, the system takes the one of its
// default route.
func unlistedLinks() []link {
	var found []link
	for _, a := range hosts.Told() {
		l := link{Interface: net.Interface{Flags: net.FlagUp | net.FlagBroadcast | net.FlagMulticast}}
		switch {
		case a.Addr().Is4():
			l.prefixes = []netip.Prefix{a.Prefix}
		case a.Zone != "":
			l.Name, l.Index = a.Zone, indexOf(a.Zone)
			l.local6 = a.Addr().WithZone(strconv.Itoa(l.Index))
		}
		if len(found) < maxLinks && (l.prefixes != nil || l.Index != 0) {
			found = append(found, l)
		}
	}
	if found != nil {
		return found
	}
	for _, p := range (hosts.System{}).Prefixes() {
		if p.Addr().Is4() {
			found = append(found, link{
				Interface: net.Interface{Flags: net.FlagUp | net.FlagBroadcast | net.FlagMulticast},
				prefixes:  []netip.Prefix{p},
				blind:     true,
			})
		}
	}
	return found
}

// known is the interface for those who need one, or nil: the system's choice.
func (l *link) known() *net.Interface {
	if l.Index == 0 {
		return nil
	}
	return &l.Interface
}

// allHosts reaches all at the link of the default route (RFC 919, section 7).
var allHosts = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// broadcast is the address that reaches all in a prefix; ok is false if it has
// none (RFC 3021).
func broadcast(p netip.Prefix) (address netip.Addr, ok bool) {
	if p.Bits() > 30 {
		return netip.Addr{}, false
	}
	ip := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		ip[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(ip), true
}
