package engine

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// directKind tells the local network from the internet by the peer's address.
func directKind(network hosts.Network, remote netip.Addr) Path {
	if hosts.IsOnLink(network, remote) {
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
	for _, c := range paths.HostCandidates(d.config.network, d.socket.Port()) {
		all = append(all, c.Address)
	}
	slices.SortStableFunc(all, func(a, b netip.AddrPort) int { return cmp.Compare(rank(a.Addr()), rank(b.Addr())) })
	return all
}
