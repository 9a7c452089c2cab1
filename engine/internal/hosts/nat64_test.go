package hosts

import (
	"net/netip"
	"testing"
)

// The table of RFC 6052, section 2.4.
func TestTranslatedAddresses(t *testing.T) {
	four := netip.MustParseAddr("192.0.2.33")
	for prefix, want := range map[string]string{
		"2001:db8::/32":         "2001:db8:c000:221::",
		"2001:db8:100::/40":     "2001:db8:1c0:2:21::",
		"2001:db8:122::/48":     "2001:db8:122:c000:2:2100::",
		"2001:db8:122:300::/56": "2001:db8:122:3c0:0:221::",
		"2001:db8:122:344::/64": "2001:db8:122:344:c0:2:2100::",
		"2001:db8:122:344::/96": "2001:db8:122:344::192.0.2.33",
		"64:ff9b::/96":          "64:ff9b::192.0.2.33",
	} {
		n := &NAT64{netip.MustParsePrefix(prefix)}
		from, to := netip.AddrPortFrom(four, 7), netip.AddrPortFrom(netip.MustParseAddr(want), 7)
		if got := n.Out(from); got != to {
			t.Errorf("%s: %v, want %v", prefix, got, to)
		}
		if got := n.In(to); got != from {
			t.Errorf("%s: %v is %v, want %v", prefix, to, got, from)
		}
	}
}

// What a translator has no part in stays as it is.
func TestOtherAddressesAreNotTranslated(t *testing.T) {
	n := &NAT64{netip.MustParsePrefix("64:ff9b::/96")}
	for _, address := range []string{"10.0.0.1:1", "192.168.1.1:1", "127.0.0.1:1", "169.254.1.1:1", "[2001:db8::1]:1", "[fe80::1%eth0]:1"} {
		a := netip.MustParseAddrPort(address)
		if got := n.Out(a); got != a {
			t.Errorf("%s goes to %v", address, got)
		}
		if got := n.In(a); got != a {
			t.Errorf("%s comes from %v", address, got)
		}
	}
	// Nobody can pretend to be in the local network by way of the translator.
	for _, address := range []string{"[64:ff9b::10.0.0.1]:1", "[64:ff9b::127.0.0.1]:1"} {
		if a := netip.MustParseAddrPort(address); n.In(a) != a {
			t.Errorf("%s comes from %v", address, n.In(a))
		}
	}
	var none *NAT64
	if a := netip.MustParseAddrPort("192.0.2.1:1"); none.Out(a) != a || none.In(a) != a {
		t.Error("translated without a translator")
	}
	if a := (netip.AddrPort{}); n.In(a) != a || n.Out(a) != a {
		t.Error("no address")
	}
}

func TestPrefixIsFound(t *testing.T) {
	for want, answers := range map[string][]string{
		"64:ff9b::/96":          {"64:ff9b::192.0.0.170", "64:ff9b::192.0.0.171"},
		"2001:db8:1:2::/64":     {"2001:db8:1:2:c0:0:ab00::"},
		"2001:db8:100::/40":     {"2001:db8:1c0:0:aa::", "2001:db8:1c0:0:ab::"},
		"2001:db8::/32":         {"2001:db8:c000:aa::"},
		"none":                  {},
		"none of strangers":     {"2001:db8::1", "192.0.0.170", "::ffff:192.0.0.170"},
		"none of all hosts":     {"ff02::c000:aa"},
		"none with a rest":      {"2001:db8:1:2:c0:0:ab00:1"},
		"none with the wrong 8": {"2001:db8:1:2:1c0:0:ab00:0"},
	} {
		var ips []netip.Addr
		for _, a := range answers {
			ips = append(ips, netip.MustParseAddr(a))
		}
		found := nat64From(ips)
		if prefix, err := netip.ParsePrefix(want); err == nil != (found != nil) || found != nil && found.prefix != prefix {
			t.Errorf("%s: %v", want, found)
		}
	}
}

// FuzzNAT64: whatever DNS says, the addresses that are made of it are those that they are made of.
func FuzzNAT64(f *testing.F) {
	f.Add(netip.MustParseAddr("64:ff9b::192.0.0.170").AsSlice(), uint32(0xc0000221))
	f.Add(netip.MustParseAddr("2001:db8:1:2:c0:0:ab00::").AsSlice(), uint32(0x08080808))
	f.Add([]byte{192, 0, 0, 170}, uint32(0))
	f.Fuzz(func(t *testing.T, said []byte, number uint32) {
		answer, _ := netip.AddrFromSlice(said)
		n := nat64From([]netip.Addr{answer})
		ip := netip.AddrFrom4([4]byte{byte(number >> 24), byte(number >> 16), byte(number >> 8), byte(number)})
		from := netip.AddrPortFrom(ip, 1)
		if got := n.In(n.Out(from)); got != from {
			t.Errorf("%v is %v by %v", from, got, n)
		}
	})
}
