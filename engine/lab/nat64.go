//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// NAT64 is a router whose LAN has IPv6 only, as many mobile networks: to hosts there, IPv4
// hosts are at the addresses that its DNS server makes up for their names, or that a host makes
// of the prefix itself.
type NAT64 struct {
	*DNS
	net    *Net
	ns     *namespace
	addr   netip.Addr
	prefix netip.Prefix
	number byte // 2001:db8:64:number::/64
	hosts  byte

	attachment *attachment
}

// Translator is the program that NAT64 needs, and its package on Debian.
const Translator = "tayga"

// NAT64 adds one, with a prefix of a length that RFC 6052 knows. It cannot be the well-known one,
// 64:ff9b::/96, behind which the translator lets nobody reach the addresses that a lab has. Its public IPv4 address is shared by all behind it,
// who are mapped as behind PortRestricted.
func (n *Net) NAT64(name string, prefix netip.Prefix, link Link) *NAT64 {
	n.tb.Helper()
	if _, err := exec.LookPath(Translator); err != nil {
		skip := n.tb.Skipf
		if os.Getenv("CI") == "true" {
			skip = n.tb.Fatalf
		}
		skip("lab: missing: the command %s", Translator)
	}
	n.nats++
	r := &NAT64{net: n, ns: n.namespace(name), addr: n.nextNATAddress(), prefix: prefix, number: byte(n.nats)}
	n.check(r.ns.withIPv6())
	n.check(r.ns.ip(
		"link add br0 type bridge mcast_snooping 0",
		fmt.Sprintf("addr add %s/64 dev br0 nodad", r.lan(1)),
		"link set br0 up",
	))
	n.check(r.ns.nft(ruleset(PortRestricted)))
	n.check(r.ns.sysctl("net/ipv4/ip_forward", "1", "net/ipv6/conf/all/forwarding", "1"))
	r.attachment = n.attach(name, r.ns, link, r.addr)
	r.translate()
	r.DNS = n.dns(r.ns, r.synthesised)
	r.Set("ipv4only.arpa", netip.MustParseAddr("192.0.0.170"), netip.MustParseAddr("192.0.0.171")) // RFC 7050
	return r
}

// translate starts the translator: it gives each IPv6 host an IPv4 address, which the kernel
// then maps.
func (r *NAT64) translate() {
	r.net.tb.Helper()
	dir, err := os.MkdirTemp("", "thingp2p-lab-")
	r.net.check(err)
	r.net.closers = append(r.net.closers, func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "tayga.conf")
	r.net.check(os.WriteFile(config, []byte(strings.Join([]string{
		"tun-device nat64", "ipv4-addr 192.168.255.1", fmt.Sprintf("ipv6-addr %s", r.lan(0xff)),
		fmt.Sprintf("prefix %s", r.prefix), "dynamic-pool 192.168.255.0/24", "data-dir " + dir, "",
	}, "\n")), 0o600))
	r.net.check(run("", "ip", "netns", "exec", r.ns.name, Translator, "-c", config, "--mktun"))
	r.net.check(r.ns.ip("link set nat64 up", "route add 192.168.255.0/24 dev nat64", fmt.Sprintf("route add %s dev nat64", r.prefix)))
	// It goes into the background once it has taken the device, and ends with the namespace.
	r.net.check(run("", "ip", "netns", "exec", r.ns.name, Translator, "-c", config))
}

// IP is the router's public address.
func (r *NAT64) IP() netip.Addr { return r.addr }

func (r *NAT64) attached() *attachment { return r.attachment }

func (r *NAT64) lan(host byte) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0x64, 0, r.number, 15: host})
}

// synthesised is where an IPv4 host is for those in the LAN.
func (r *NAT64) synthesised(ip netip.Addr) netip.Addr {
	all, four := r.prefix.Addr().As16(), ip.As4()
	at := map[int][4]int{32: {4, 5, 6, 7}, 40: {5, 6, 7, 9}, 48: {6, 7, 9, 10}, 56: {7, 9, 10, 11}, 64: {9, 10, 11, 12}, 96: {12, 13, 14, 15}}[r.prefix.Bits()]
	for i, b := range four {
		all[at[i]] = b
	}
	return netip.AddrFrom16(all)
}

// Host adds a host to the LAN.
func (r *NAT64) Host(name string) *Host {
	r.net.tb.Helper()
	h := &Host{net: r.net, name: name, ns: r.net.namespace(name)}
	r.Join(h, "lan0")
	return h
}

// Join gives a host an interface in the LAN, and its way out leads there from now on. Its programs ask
// the router's DNS server; those that run already do if the host had one before.
func (r *NAT64) Join(h *Host, device string) {
	n := r.net
	n.tb.Helper()
	r.hosts++
	h.addr6, h.attachment = r.lan(1+r.hosts), r.attachment
	n.check(h.ns.withIPv6())
	port := fmt.Sprintf("lan%d", r.hosts)
	n.check(r.ns.ip(
		fmt.Sprintf("link add %s type veth peer name %s netns %s", port, device, h.ns.name),
		fmt.Sprintf("link set %s master br0 up", port),
	))
	h.Resolvers(r.lan(1))
	n.check(h.ns.ip(
		fmt.Sprintf("link set %s up", device),
		fmt.Sprintf("addr add %s/64 dev %s nodad", h.addr6, device),
		fmt.Sprintf("route replace default via %s", r.lan(1)),
	))
}
