package discovery

import (
	"net"
	"net/netip"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// link is an interface at which somebody may be near.
type link struct {
	net.Interface
	prefixes []netip.Prefix // IPv4
	local6   netip.Addr     // link-local IPv6 with its zone, or invalid
}

// maxLinks bounds the sockets on hosts with very many containers.
const maxLinks = 32

// links are the interfaces that are up and reach more than one peer. A tunnel to
// one peer has no neighbours; the loopback interface has all programs on this host.
func links() []link {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var found []link
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&(net.FlagBroadcast|net.FlagMulticast|net.FlagLoopback) == 0 || len(found) == maxLinks {
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
		found = append(found, l)
	}
	return found
}

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
