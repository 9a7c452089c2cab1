package engine

import (
	"cmp"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/transport/v2"
)

// hostPrefixes are the addresses of this host with their networks.
func hostPrefixes(network transport.Net) []netip.Prefix {
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
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		bits, _ := n.Mask.Size()
		if ip = ip.Unmap(); ok && !ip.IsMulticast() {
			prefixes = append(prefixes, netip.PrefixFrom(ip, bits))
		}
	}
	return prefixes
}

// isLocal reports whether an address means something only near its owner.
func isLocal(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
}

// directKind tells the local network from the internet by the peer's address: it
// is of a local kind, or on a link of ours.
func directKind(network transport.Net, remote netip.Addr) Path {
	onLink := func(p netip.Prefix) bool { return p.Contains(remote) && !p.IsSingleIP() }
	if isLocal(remote) || slices.ContainsFunc(hostPrefixes(network), onLink) {
		return PathLAN
	}
	return PathDirect
}

// Address returns "ip:port" at which the device can be reached in its local
// network: to be announced by the platform's own means, or printed.
func (d *Device) Address() string {
	all := d.localAddresses()
	if len(all) == 0 {
		return ""
	}
	return all[0].String()
}

// localAddresses are those of the socket, the most useful in a local network
// first: private IPv4, other IPv4, IPv6, and loopback if there is nothing else.
func (d *Device) localAddresses() []netip.AddrPort {
	rank := func(ip netip.Addr) int {
		switch {
		case ip.IsLoopback():
			return 3
		case ip.Is6():
			return 2
		case !ip.IsPrivate():
			return 1
		}
		return 0
	}
	var all []netip.AddrPort
	for _, c := range hostCandidates(d.config.net, d.socket.port) {
		all = append(all, c.Address)
	}
	slices.SortStableFunc(all, func(a, b netip.AddrPort) int { return cmp.Compare(rank(a.Addr()), rank(b.Addr())) })
	return all
}
