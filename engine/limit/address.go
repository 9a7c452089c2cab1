package limit

import (
	"net/netip"
	"slices"
)

// Addresses that no host has, or that reach others than the one: of IANA's
// registries of special-purpose addresses (RFC 6890) and of what is multicast,
// reserved or broadcast. 6to4 and Teredo have an IPv4 address inside, which may be
// any. Of IPv6 only what is named is somebody's.
//
// Those for documentation and benchmarks stay: nobody is there, and laboratories
// and sandboxes use them.
var (
	nobody = prefixes("0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3", "2001::/23", "2002::/16")
	hosts6 = prefixes("2000::/3", "fc00::/7", "fe80::/10", "::1/128")
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// MayBeHost reports whether some host may have an address, which who names it
// should not be believed for that. Loopback and link-local addresses are hosts' too.
func MayBeHost(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	within := func(p netip.Prefix) bool { return p.Contains(address) }
	return address.IsValid() && !slices.ContainsFunc(nobody, within) && (address.Is4() || slices.ContainsFunc(hosts6, within))
}
