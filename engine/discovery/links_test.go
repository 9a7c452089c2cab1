package discovery

import (
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
