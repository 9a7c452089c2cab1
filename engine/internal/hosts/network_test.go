package hosts

import (
	"context"
	"net/netip"
	"slices"
	"testing"
)

// Where the interfaces may not be listed, the way out of the host has addresses too.
func TestRoutedPrefixes(t *testing.T) {
	own := System{}.Prefixes()
	for _, p := range routedPrefixes() {
		found := false
		for _, o := range own {
			found = found || o.Addr() == p.Addr().WithZone("")
		}
		if !found || !p.IsSingleIP() {
			t.Errorf("%v is not one of %v", p, own)
		}
	}
}

// A host with many bridges tells its peers of the address that they can reach.
func TestUsefulAddressesComeFirst(t *testing.T) {
	var all []netip.Prefix
	for i := range 30 {
		all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 17, byte(i), 1}), 24))
	}
	lan, six := netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("2001:db8::5/64")
	all = append(all, lan, six)
	sorted := usefulFirst(slices.Clone(all), []netip.Prefix{netip.PrefixFrom(lan.Addr(), 32), netip.PrefixFrom(six.Addr(), 128)})
	if want := append([]netip.Prefix{lan, six}, all[:30]...); !slices.Equal(sorted, want) {
		t.Errorf("%v", sorted)
	}
}

// FuzzResolve: what a server says where STUN and TURN are is looked up, or is no address.
// TestLiteralIsItself: also one that Go takes for two, whatever was asked before.
func TestLiteralIsItself(t *testing.T) {
	over, cancel := context.WithCancel(context.Background())
	cancel() // nobody is asked
	for _, port := range []string{"domain", "53"} {
		addresses, err := System{}.Resolve(over, "[::]:"+port)
		if want := []netip.AddrPort{netip.MustParseAddrPort("[::]:53")}; err != nil || !slices.Equal(addresses, want) {
			t.Errorf("port %s: %v, %v", port, addresses, err)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, text := range []string{"192.0.2.1:3478", "[::1]:3478", "host:port", ":", "", "a:99999", "[fe80::1%eth0]:1", "[::1%]th0]:1", "[::]:3"} {
		f.Add(text)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel() // nobody is asked
	f.Fuzz(func(t *testing.T, text string) {
		addresses, err := System{}.Resolve(over, text)
		literal, notLiteral := netip.ParseAddrPort(text)
		if notLiteral == nil && (err != nil || !slices.Equal(addresses, []netip.AddrPort{literal})) {
			t.Errorf("%q is %v, %v", text, addresses, err)
		}
	})
}
