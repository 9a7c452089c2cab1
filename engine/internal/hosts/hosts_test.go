package hosts

import (
	"net/netip"
	"testing"
)

func TestWhatIsLocal(t *testing.T) {
	for address, want := range map[string]bool{
		"10.0.0.1": true, "172.16.0.1": true, "192.168.0.1": true, "127.0.0.1": true, "169.254.1.1": true,
		"::1": true, "fe80::1": true, "fd00::1": true,
		"172.32.0.1": false, "203.0.113.1": false, "8.8.8.8": false, "2001:db8::1": false, "100.64.0.1": false,
	} {
		if got := IsLocal(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
