package hosts

import (
	"context"
	"net/netip"
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

// FuzzResolve: what a server says where STUN and TURN are is looked up, or is no address.
func FuzzResolve(f *testing.F) {
	for _, text := range []string{"192.0.2.1:3478", "[::1]:3478", "host:port", ":", "", "a:99999", "[fe80::1%eth0]:1"} {
		f.Add(text)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel() // nobody is asked
	f.Fuzz(func(t *testing.T, text string) {
		address, err := System{}.Resolve(over, text)
		literal, notLiteral := netip.ParseAddrPort(text)
		if notLiteral == nil && (err != nil || address != literal) {
			t.Errorf("%q is %v, %v", text, address, err)
		}
	})
}
