package limit

import (
	"net/netip"
	"testing"
)

func TestMayBeHost(t *testing.T) {
	for address, want := range map[string]bool{
		"1.1.1.1": true, "10.0.0.1": true, "100.64.0.1": true, "127.0.0.1": true, "169.254.1.1": true, "172.16.0.1": true,
		"192.0.1.1": true, "192.0.2.1": true, "192.168.1.255": true, "198.18.0.1": true, "198.51.100.1": true,
		"203.0.113.1": true, "223.255.255.255": true,
		"0.0.0.0": false, "0.1.2.3": false, "192.0.0.1": false, "192.0.0.170": false, "192.88.99.1": false,
		"224.0.0.1": false, "239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false,

		"2001:db8::1": true, "2606:4700::1111": true, "2a00::1": true, "fd00::1": true, "fe80::1%eth0": true, "::1": true,
		"::": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "100::1": false,
		"2001::1": false, "2001:20::1": false, "2002:7f00:1::1": false, "5f00::1": false, "4000::1": false,
		"fec0::1": false, "ff02::1": false, "ff0e::1": false,

		"::ffff:192.0.2.1": true, "::ffff:255.255.255.255": false, "::ffff:0.0.0.1": false,
	} {
		if got := MayBeHost(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if MayBeHost(netip.Addr{}) {
		t.Error("no address")
	}
}
