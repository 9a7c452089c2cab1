package paths

import (
	"net/netip"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// listed is a network of which only the host's addresses are asked.
type listed struct {
	hosts.Network
	addresses []string
}

func (n listed) Prefixes() (all []netip.Prefix) {
	for _, address := range n.addresses {
		all = append(all, netip.MustParsePrefix(address))
	}
	return all
}

func reachOf(servers signal.ICEServers, addresses ...string) Reach {
	return ReachOn(listed{nil, addresses}, servers)
}

func TestWhatMayBeAPeersAddress(t *testing.T) {
	var nowhere signal.ICEServers
	home := reachOf(nowhere, "127.0.0.1/8", "192.168.1.5/24", "10.1.2.2/31", "203.0.113.5/32", "fd00::5/64", "fe80::5/64")
	for address, want := range map[string]bool{
		"192.168.1.1:1": true, "192.168.2.255:1": true, "10.1.2.3:1": true, "10.1.2.255:1": true, "203.0.113.5:1": true,
		"8.8.8.8:53": true, "100.64.0.1:1": true, "[2001:db8::1]:1": true, "[fd00::1]:1": true, "[fe80::1%eth0]:1": true,
		"[fd00::ffff:ffff:ffff:ffff]:1": true,

		"192.168.1.1:0": false, "192.168.1.255:1": false, "192.168.1.0:1": false, "127.0.0.1:1": false, "[::1]:1": false,
		"169.254.169.254:80": false, "0.0.0.0:1": false, "0.1.2.3:1": false, "224.0.0.1:1": false, "255.255.255.255:1": false,
		"240.0.0.1:1": false, "192.0.0.8:1": false, "[::]:1": false, "[ff02::1%eth0]:1": false, "[fe80::1]:1": false,
		"[2001:db8::1%eth0]:1": false, "[::ffff:192.168.1.1]:1": false, "[64:ff9b::7f00:1]:1": false, "[2002:7f00:1::1]:1": false,
	} {
		if err := home.Check(netip.MustParseAddrPort(address)); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if home.Allows(netip.AddrPort{}) {
		t.Error("no address")
	}
	for name, test := range map[string]struct {
		from    Reach
		address string
		want    bool
	}{
		"loopback, alone":               {reachOf(nowhere, "127.0.0.1/8", "::1/128", "fe80::1/64"), "127.0.0.1:1", true},
		"loopback, IPv6, alone":         {reachOf(nowhere, "127.0.0.1/8"), "[::1]:1", true},
		"loopback, not alone":           {reachOf(nowhere, "127.0.0.1/8", "10.0.0.1/8"), "127.0.0.1:1", false},
		"loopback, nothing known":       {reachOf(nowhere), "127.0.0.1:1", false},
		"loopback, with a STUN server":  {reachOf(signal.ICEServers{STUN: []string{"127.0.0.1:3478"}}, "10.0.0.1/8"), "127.0.0.1:1", true},
		"loopback, with a relay":        {reachOf(signal.ICEServers{TURN: []signal.TURNServer{{URL: "turn:[::1]:3478"}}}, "10.0.0.1/8"), "127.0.0.1:1", true},
		"loopback, with others' server": {reachOf(signal.ICEServers{STUN: []string{"192.0.2.1:1", "x:1", ""}, TURN: []signal.TURNServer{{URL: "turn:x"}, {}}}, "10.0.0.1/8"), "127.0.0.1:1", false},
		"link-local, with such a link":  {reachOf(nowhere, "169.254.3.4/16"), "169.254.7.8:1", true},
		"broadcast of a link-local one": {reachOf(nowhere, "169.254.3.4/16"), "169.254.255.255:1", false},
	} {
		if got := test.from.Allows(netip.MustParseAddrPort(test.address)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
