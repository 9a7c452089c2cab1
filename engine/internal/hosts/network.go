package hosts

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Network is the network as the engine uses it. Tests have one of their own.
type Network interface {
	// Listen opens a UDP socket for all addresses of the host, with a port or, if that is
	// 0, any.
	Listen(port uint16) (net.PacketConn, error)
	// Dial connects to "host:port" by TCP.
	Dial(ctx context.Context, hostPort string) (net.Conn, error)
	// Resolve finds the addresses of "host:port", for UDP: those that the host has a way to,
	// IPv4 first.
	Resolve(ctx context.Context, hostPort string) ([]netip.AddrPort, error)
	// NAT64 is how a host without IPv4 reaches IPv4 addresses all the same, as far as it is
	// known; nil: not in another way than others.
	NAT64() *NAT64
	// LookAgain trusts nothing that rests on the network as it was, and returns when all has
	// been asked anew.
	LookAgain(ctx context.Context)
	// Prefixes are the addresses of the host with their networks, the most useful first.
	Prefixes() []netip.Prefix
	// Gateway is the router of the IPv4 default route, and this host's address beside it;
	// invalid where that is not known.
	Gateway() (router, own netip.Addr)
	// Watch calls changed after each change of the network, as far as the system tells,
	// until stop has returned. changed must not block.
	Watch(guard panics.Guard, changed func()) (stop func())
	// Pion is the network for pion's libraries.
	Pion() transport.Net
}

// System is the network that the host has.
type System struct{}

func (System) Listen(port uint16) (net.PacketConn, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(port)})
	if err != nil {
		conn, err = net.ListenUDP("udp4", &net.UDPAddr{Port: int(port)}) // a host without IPv6
	}
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (System) Prefixes() []netip.Prefix {
	routed := routedPrefixes()
	if told := toldPrefixes(); told != nil {
		return usefulFirst(told, routed)
	}
	listed, err := listedPrefixes()
	if err != nil {
		return routed
	}
	return usefulFirst(listed, routed)
}

// listedPrefixes are those of all interfaces but the ones at which nobody can be: which
// are down, or have no carrier, as a bridge without members or an empty socket.
func listedPrefixes() ([]netip.Prefix, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	all := PrefixesOf(addresses)
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0 {
			continue
		}
		idle, _ := i.Addrs()
		dead := PrefixesOf(idle)
		all = slices.DeleteFunc(all, func(p netip.Prefix) bool { return slices.Contains(dead, p) })
	}
	return all, nil
}

// usefulFirst brings those to the front from which the host sends into the internet: a
// host may have dozens of bridges and tunnels besides, and only so many are told a peer.
func usefulFirst(all, routed []netip.Prefix) []netip.Prefix {
	later := func(p netip.Prefix) int {
		if slices.ContainsFunc(routed, func(r netip.Prefix) bool { return r.Addr() == p.Addr() }) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b netip.Prefix) int { return cmp.Compare(later(a), later(b)) })
	return all
}

// Pion's libraries get a network without interfaces: they need none, and to list them
// may be forbidden, which would be the end of all that they do.
func (System) Pion() transport.Net { return &stdnet.Net{} }

// PrefixesOf are those of interfaces' addresses that a host can have.
func PrefixesOf(addresses []net.Addr) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, a := range addresses {
		if p := Prefix(a); p.IsValid() && !p.Addr().IsMulticast() {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}

// anywhere are addresses in the internet that nobody has (RFC 5737, RFC 3849): they are
// only asked for the way to them.
var anywhere = []netip.AddrPort{
	netip.MustParseAddrPort("192.0.2.1:9"),
	netip.MustParseAddrPort("[2001:db8::1]:9"),
}

// routedPrefixes are the addresses from which the host would send into the internet, for
// those who may not list its interfaces, as apps on Android 11 and later, and some
// services. Their networks are not known.
func routedPrefixes() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, to := range anywhere {
		if from := SourceTo(to); from.IsValid() {
			prefixes = append(prefixes, netip.PrefixFrom(from, from.BitLen()))
		}
	}
	return prefixes
}

// SourceTo is the address that the system sends from to reach another, or invalid.
// Nothing is sent.
func SourceTo(remote netip.AddrPort) netip.Addr {
	if !remote.IsValid() {
		return netip.Addr{}
	}
	probe, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(remote))
	if err != nil {
		return netip.Addr{}
	}
	defer probe.Close()
	return AddrPort(probe.LocalAddr()).Addr()
}
