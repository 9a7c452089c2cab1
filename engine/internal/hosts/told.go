package hosts

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
)

// Address is one of the host's own, with its network.
type Address struct {
	netip.Prefix
	Zone string // of a link-local IPv6 address: the name or the number of its interface
}

// maxTold is more than any host needs.
const maxTold = 256

// told are the addresses that the program has named; nil: the system is asked.
var told atomic.Pointer[[]Address]

// ParseAddresses reads addresses with their networks, with white space between them, as in
// "192.168.1.5/24 fe80::1%wlan0/64".
func ParseAddresses(text string) ([]Address, error) {
	var all []Address
	for field := range strings.FieldsSeq(text) {
		a, err := parseAddress(field)
		if err != nil {
			return nil, err
		}
		if len(all) == maxTold {
			return nil, fmt.Errorf("these are more than %d addresses", maxTold)
		}
		all = append(all, a)
	}
	return all, nil
}

func parseAddress(text string) (Address, error) {
	slash := strings.LastIndexByte(text, '/')
	if slash < 0 {
		return Address{}, fmt.Errorf("%.80q has no prefix length, as in 192.168.1.5/24", text)
	}
	ip, err := netip.ParseAddr(text[:slash])
	if err != nil {
		return Address{}, fmt.Errorf("%.80q is no address", text[:slash])
	}
	prefix, err := netip.ParsePrefix(ip.WithZone("").String() + text[slash:])
	if err != nil || ip.Is4In6() {
		return Address{}, fmt.Errorf("%.80q is no address with a prefix length, as in 192.168.1.5/24", text)
	}
	if ip.IsUnspecified() || ip.IsMulticast() || (ip.Zone() != "") != (ip.Is6() && ip.IsLinkLocalUnicast()) {
		return Address{}, fmt.Errorf("%.80q is no address of a host: link-local IPv6 addresses, and no others, have an interface, as in fe80::1%%wlan0/64", text)
	}
	return Address{prefix, ip.Zone()}, nil
}

// SetAddresses makes these the host's addresses, for hosts whose system does not tell
// them; with none, the system is asked again.
func SetAddresses(all []Address) {
	if len(all) == 0 {
		told.Store(nil)
		return
	}
	told.Store(&all)
}

// Told are the addresses that the program has named, or none.
func Told() []Address {
	if all := told.Load(); all != nil {
		return *all
	}
	return nil
}

func toldPrefixes() []netip.Prefix {
	var prefixes []netip.Prefix
	for _, a := range Told() {
		prefixes = append(prefixes, a.Prefix)
	}
	return prefixes
}
