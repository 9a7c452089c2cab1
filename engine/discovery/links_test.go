package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
)

func TestBroadcastAddress(t *testing.T) {
	for prefix, want := range map[string]string{
		"192.168.1.2/24": "192.168.1.255", "10.0.0.1/8": "10.255.255.255", "172.16.5.4/30": "172.16.5.7",
		"127.0.0.1/8": "127.255.255.255", "192.168.1.130/25": "192.168.1.255", "192.168.1.2/31": "", "192.168.1.2/32": "",
	} {
		got, ok := broadcast(netip.MustParsePrefix(prefix))
		if ok != (want != "") || ok && got != netip.MustParseAddr(want) {
			t.Errorf("%s: %v, %v", prefix, got, ok)
		}
	}
}

// A host with very many interfaces is to be found at those where somebody can be.
func TestMostUsefulLinks(t *testing.T) {
	var found []link
	for i := range 2 * maxLinks { // ports of bridges, and containers
		l := link{Interface: net.Interface{Name: fmt.Sprint("veth", i)}, local6: netip.MustParseAddr("fe80::1%veth")}
		if i%2 == 0 {
			l.prefixes = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 17, byte(i), 1}), 24)}
		}
		found = append(found, l)
	}
	uplink, cable := netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("10.0.0.5/8")
	found = append(found, link{Interface: net.Interface{Name: "cable"}, prefixes: []netip.Prefix{cable}},
		link{Interface: net.Interface{Name: "uplink"}, prefixes: []netip.Prefix{uplink}})
	kept := mostUseful(found, []netip.Prefix{uplink, cable})
	if len(kept) != maxLinks || kept[0].Name != "uplink" || kept[1].Name != "cable" {
		t.Errorf("%d are left, first %s and %s", len(kept), kept[0].Name, kept[1].Name)
	}
	if last := kept[maxLinks-1]; last.prefixes == nil {
		t.Errorf("%s is left, and has no address of IPv4", last.Name)
	}
}
