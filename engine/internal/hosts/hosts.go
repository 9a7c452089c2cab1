// Package hosts knows the network as this host sees it: its own addresses, which others
// are near, and how to reach any.
package hosts

import (
	"net"
	"net/netip"
	"slices"
)

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
func IsOnLink(network Network, remote netip.Addr) bool {
	onLink := func(p netip.Prefix) bool { return p.Contains(remote) && !p.IsSingleIP() }
	return IsLocal(remote) || slices.ContainsFunc(network.Prefixes(), onLink)
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
