//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"strings"
)

// Kind is how a NAT behaves, in the terms of RFC 4787.
type Kind struct {
	name      string
	mapping   mapping
	filtering filtering
	blocksUDP bool
}

type (
	mapping   int // which destinations see one and the same public port
	filtering int // who may send to a public port
)

const (
	endpointIndependentMapping mapping = iota
	addressAndPortDependentMapping
)

const (
	endpointIndependentFiltering filtering = iota
	addressAndPortDependentFiltering
)

var (
	// FullCone maps a private endpoint to one public port for all destinations, and
	// lets anyone send to it.
	FullCone = Kind{"full cone", endpointIndependentMapping, endpointIndependentFiltering, false}
	// PortRestricted maps likewise, and lets only those in that were sent to.
	PortRestricted = Kind{"port-restricted cone", endpointIndependentMapping, addressAndPortDependentFiltering, false}
	// Symmetric takes a fresh random port for each destination.
	Symmetric = Kind{"symmetric", addressAndPortDependentMapping, addressAndPortDependentFiltering, false}
	// UDPBlocked passes TCP as PortRestricted does, and no UDP.
	UDPBlocked = Kind{"UDP blocked", endpointIndependentMapping, addressAndPortDependentFiltering, true}
)

func (k Kind) String() string { return k.name }

// NAT is a router with a public address and a LAN behind it. Private ports above
// 1023 keep their number outside if the mapping is endpoint-independent, except
// that of two hosts with the same port the second is mapped as it comes.
type NAT struct {
	net        *Net
	name       string
	ns         *namespace
	addr       netip.Addr
	subnet     byte // 10.subnet.0.0/24
	hosts      byte
	attachment *attachment
}

// NAT adds a router of the given kind. The link is that of each direction between
// the router and the internet.
func (n *Net) NAT(name string, kind Kind, link Link) *NAT {
	n.tb.Helper()
	n.nats++
	r := &NAT{net: n, name: name, ns: n.namespace(name), addr: n.nextNATAddress(), subnet: byte(n.nats)}
	n.check(r.ns.ip(
		// Without snooping, multicast reaches all hosts with no querier on the LAN.
		"link add br0 type bridge mcast_snooping 0",
		fmt.Sprintf("addr add %s/24 dev br0", r.lan(1)),
		"link set br0 up",
	))
	n.check(r.ns.nft(ruleset(kind)))
	n.check(r.ns.sysctl("net/ipv4/ip_forward", "1"))
	r.attachment = n.attach(name, r.ns, link, r.addr)
	r.attachment.port.BlockUDP(kind.blocksUDP)
	return r
}

func (n *Net) nextNATAddress() netip.Addr {
	n.natAddress++
	of := n.options.NATs.Addr()
	if !of.IsValid() {
		of = netip.AddrFrom4([4]byte{198, 51, 100, 0})
	}
	bytes := of.As4()
	bytes[3] += byte(n.natAddress)
	return netip.AddrFrom4(bytes)
}

func (r *NAT) lan(host byte) netip.Addr { return netip.AddrFrom4([4]byte{10, r.subnet, 0, host}) }

// Host adds a host to the LAN behind the router. Hosts on one LAN reach each other
// directly, with no delay; the router does not hairpin.
func (r *NAT) Host(name string) *Host {
	r.net.tb.Helper()
	h := &Host{net: r.net, name: name, ns: r.net.namespace(name)}
	r.Join(h, "lan0")
	return h
}

// Join gives a host an interface in the LAN behind the router, and its way out leads there
// from now on.
func (r *NAT) Join(h *Host, device string) {
	n := r.net
	n.tb.Helper()
	r.hosts++
	h.addr, h.attachment = r.lan(1+r.hosts), r.attachment
	port := fmt.Sprintf("lan%d", r.hosts)
	n.check(r.ns.ip(
		fmt.Sprintf("link add %s type veth peer name %s netns %s", port, device, h.ns.name),
		fmt.Sprintf("link set %s master br0 up", port),
	))
	// Last, since a program on the host may use the address at once, and a question of ARP that
	// gets lost is asked again only after a second.
	n.check(h.ns.ip(
		fmt.Sprintf("link set %s up", device),
		fmt.Sprintf("addr add %s/24 dev %s", h.addr, device),
		fmt.Sprintf("route replace default via %s", r.lan(1)),
	))
}

// Readdress gives a host's interface another address in the LAN, as DHCP may.
func (r *NAT) Readdress(h *Host, device string) {
	r.net.tb.Helper()
	r.hosts++
	h.addr = r.lan(1 + r.hosts)
	r.net.check(h.ns.ip(
		fmt.Sprintf("addr flush dev %s", device),
		fmt.Sprintf("addr add %s/24 dev %s", h.addr, device),
		fmt.Sprintf("route replace default via %s", r.lan(1)),
	))
}

// Router is the router itself, for programs that run there. LAN hosts know it by its IP.
func (r *NAT) Router() *Host {
	return &Host{net: r.net, name: r.name, ns: r.ns, addr: r.lan(1), attachment: r.attachment}
}

// IP is the router's public address.
func (r *NAT) IP() netip.Addr { return r.addr }

func (r *NAT) attached() *attachment { return r.attachment }

// ruleset is the NAT in the language of nftables.
func ruleset(k Kind) string {
	masquerade := "masquerade" // keeps the port if it can, for every destination
	if k.mapping == addressAndPortDependentMapping {
		masquerade = "masquerade fully-random"
	}
	bind, admit := "", ""
	if k.filtering == endpointIndependentFiltering {
		// The kernel admits only answers; so we remember who sends from which port, and
		// direct there what comes for it from anyone.
		bind = `iifname "br0" oifname "wan0" meta l4proto udp update @bindings { udp sport : ip saddr . udp sport }`
		admit = `iifname "wan0" meta l4proto udp dnat ip to udp dport map @bindings`
	}
	// The router itself swallows unsolicited packets. An ICMP error would disturb the
	// sender, and an accepted packet would occupy the port for that sender, so that
	// the kernel had to map a later packet to it elsewhere.
	return strings.NewReplacer("MASQUERADE", masquerade, "BIND", bind, "ADMIT", admit).Replace(`
table ip lab
delete table ip lab
table ip lab {
	map bindings {
		type inet_service : ipv4_addr . inet_service
		flags dynamic,timeout
		timeout 5m
		size 65535
	}
	chain prerouting {
		type nat hook prerouting priority dstnat
		ADMIT
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname "wan0" MASQUERADE
	}
	chain input {
		type filter hook input priority filter
		iifname "lo" accept
		meta l4proto udp drop
		iifname "wan0" ct state established,related accept
		iifname "wan0" meta l4proto icmp accept
		iifname "wan0" drop
	}
	chain forward {
		type filter hook forward priority filter
		BIND
		iifname "wan0" ct state new ct status & dnat == 0 drop
	}
}
`)
}
