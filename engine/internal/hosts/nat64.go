package hosts

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
)

// NAT64 is how a host without IPv4 reaches IPv4 hosts: a translator (RFC 6146) stands at the
// IPv6 addresses that are made of its prefix and theirs (RFC 6052). Nil is for a host that
// has IPv4, or no translator.
type NAT64 struct{ prefix netip.Prefix }

// prefixLengths are those that there are (RFC 6052, section 2.2).
var prefixLengths = []int{96, 64, 56, 48, 40, 32}

// onlyIPv4 has the addresses below and no others, so where DNS knows of an IPv6 one, that is
// made of the prefix and one of them (RFC 7050).
const onlyIPv4 = "ipv4only.arpa."

var onlyIPv4Addresses = []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 0, 170}), netip.AddrFrom4([4]byte{192, 0, 0, 171})}

// nat64From finds the prefix in what DNS says of onlyIPv4; nil: there is none.
func nat64From(answers []netip.Addr) *NAT64 {
	for _, bits := range prefixLengths {
		for _, answer := range answers {
			prefix, err := answer.WithZone("").Prefix(bits)
			if err != nil || !answer.Is6() || answer.Is4In6() || answer.IsMulticast() || answer.IsLinkLocalUnicast() {
				continue
			}
			for _, known := range onlyIPv4Addresses {
				if embed(prefix, known) == answer.WithZone("") {
					return &NAT64{prefix}
				}
			}
		}
	}
	return nil
}

// places are where the bytes of an IPv4 address are behind a prefix: not in byte 8 (RFC 6052,
// section 2.2).
func places(prefix netip.Prefix) (at [4]int) {
	next := prefix.Bits() / 8
	for i := range at {
		if next == 8 {
			next++
		}
		at[i] = next
		next++
	}
	return at
}

func embed(prefix netip.Prefix, ip netip.Addr) netip.Addr {
	all, four := prefix.Addr().As16(), ip.As4()
	for i, place := range places(prefix) {
		all[place] = four[i]
	}
	return netip.AddrFrom16(all)
}

// Out is the address to send to: the same but for IPv4 ones in the internet. Local ones are
// reached without a translator, or not at all.
func (n *NAT64) Out(to netip.AddrPort) netip.AddrPort {
	if n == nil || !to.Addr().Is4() || IsLocal(to.Addr()) {
		return to
	}
	return netip.AddrPortFrom(embed(n.prefix, to.Addr()), to.Port())
}

// In is the address that a packet came from: what Out makes another of, it makes the same again.
func (n *NAT64) In(from netip.AddrPort) netip.AddrPort {
	if n == nil || !n.prefix.Contains(from.Addr()) {
		return from
	}
	all, four := from.Addr().As16(), [4]byte{}
	for i, place := range places(n.prefix) {
		four[i] = all[place]
	}
	if ip := netip.AddrFrom4(four); embed(n.prefix, ip) == from.Addr() && !IsLocal(ip) {
		return netip.AddrPortFrom(ip, from.Port())
	}
	return from
}

// translator is what is known of the network that this process is in.
var translator atomic.Pointer[NAT64]

// unsure: the last question had no answer, and the translator may be that of another network.
var unsure atomic.Bool

func (System) NAT64() *NAT64 { return translator.Load() }

// LookAgain is for a network that is another now. That there is a translator is believed until
// there is an answer, or IPv4.
func (System) LookAgain(ctx context.Context) {
	forgetNames()
	askForNAT64(ctx)
}

// findNAT64 is for who wants to reach an address, or one that is not known yet, and asks if
// that may help.
func findNAT64(ctx context.Context, to netip.AddrPort) {
	unknown := !to.IsValid() || to.Addr().Is4() && !IsLocal(to.Addr()) && !SourceTo(to).IsValid()
	if hasIPv4() || unknown && (translator.Load() == nil || unsure.Load()) {
		askForNAT64(ctx)
	}
}

func askForNAT64(ctx context.Context) {
	if hasIPv4() {
		translator.Store(nil)
		unsure.Store(false)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	answers, err := resolver.LookupNetIP(ctx, "ip6", onlyIPv4)
	if no, ok := errors.AsType[*net.DNSError](err); ok && no.IsNotFound {
		err = nil // which is an answer
	}
	if unsure.Store(err != nil); err == nil {
		translator.Store(nat64From(answers))
	}
}

// hasIPv4 reports whether the host sends IPv4 packets into the internet.
func hasIPv4() bool {
	from := SourceTo(anywhere[0])
	return from.IsValid() && !from.IsLinkLocalUnicast()
}
