// Package hosts knows the addresses of this host, and which others are near it.
package hosts

import (
	"net"
	"net/netip"
	"slices"

	"github.com/pion/transport/v2"
)

// Prefixes are the addresses of this host with their networks.
func Prefixes(network transport.Net) []netip.Prefix {
	var addresses []net.Addr
	if network == nil {
		addresses, _ = net.InterfaceAddrs() // those of interfaces that are down do no harm
	} else if interfaces, err := network.Interfaces(); err == nil {
		for _, i := range interfaces {
			of, _ := i.Addrs()
			addresses = append(addresses, of...)
		}
	}
	var prefixes []netip.Prefix
	for _, a := range addresses {
		if p := Prefix(a); p.IsValid() && !p.Addr().IsMulticast() {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// Prefix is an interface's address with its network, or invalid.
func Prefix(a net.Addr) netip.Prefix {
	n, ok := a.(*net.IPNet)
	if !ok {
		return netip.Prefix{}
	}
	ip, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(ip.Unmap(), bits)
}

// IsLocal reports whether an address means something only near its owner.
func IsLocal(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
}

// IsOnLink reports whether an address is in the local network: of a local kind, or on
// a link of ours.
func IsOnLink(network transport.Net, remote netip.Addr) bool {
	onLink := func(p netip.Prefix) bool { return p.Contains(remote) && !p.IsSingleIP() }
	return IsLocal(remote) || slices.ContainsFunc(Prefixes(network), onLink)
}

// AddrPort is a UDP address in the one form that compares equal: IPv4 is
// never mapped into IPv6.
func AddrPort(a net.Addr) netip.AddrPort {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	address := udp.AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}
