package rendezvous

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

var documentation = netip.MustParseAddr("203.0.113.77") // RFC 5737

func documentationPort(port uint16) netip.AddrPort { return netip.AddrPortFrom(documentation, port) }

func TestPeerRules(t *testing.T) {
	lab, private, public := documentation, netip.MustParseAddr("10.1.1.1"), netip.MustParseAddr("9.9.9.9")
	for _, test := range []struct {
		peer         string
		public       netip.Addr
		allowPrivate bool
		want         bool
	}{
		{"8.8.8.8", public, false, true},
		{"9.9.9.9", public, false, true}, // another relay
		{"10.1.1.1", private, false, true},
		{"198.51.100.1", lab, false, true},
		{"203.0.113.77", lab, false, true},
		{"192.0.2.1", public, true, false},
		{"198.51.100.1", public, true, false},
		{"203.0.113.1", public, true, false},
		{"203.0.113.1", private, true, false},
		{"100.64.0.1", public, false, false},
		{"100.127.255.254", public, true, false},
		{"100.64.0.1", netip.MustParseAddr("100.64.7.7"), false, true},
		{"100.128.0.1", public, false, true},
		{"198.18.0.1", public, true, false},
		{"198.18.0.1", private, false, false},
		{"198.20.0.1", public, false, true},
		{"127.0.0.1", public, true, false},
		{"127.9.9.9", private, true, false},
		{"::1", public, true, false},
		{"::ffff:127.0.0.1", public, true, false},
		{"0.0.0.0", public, true, false},
		{"::", public, true, false},
		{"224.0.0.251", public, true, false},
		{"ff02::1", public, true, false},
		{"255.255.255.255", public, true, false},
		{"240.0.0.1", public, true, false},
		{"0.1.2.3", public, true, false},
		{"192.0.0.8", public, true, false},
		{"64:ff9b::7f00:1", public, true, false}, // IPv4 inside
		{"2002:7f00:1::1", public, true, false},
		{"2001:db8::1", lab, false, true},
		{"2001:db8::1", public, true, false},
		{"2606:4700::1", public, false, true},
		{"fd00::1", public, false, false},
		{"fd00::1", public, true, true},
		{"169.254.169.254", public, true, false},
		{"fe80::1", public, true, false},
		{"10.0.0.1", public, false, false},
		{"172.16.0.1", public, false, false},
		{"192.168.1.1", public, false, false},
		{"192.168.1.1", public, true, true},
		{"192.168.1.1", private, false, true},
		{"192.168.1.1", loopback, false, true},
		{"127.0.0.1", loopback, false, true},
		{"127.9.9.9", loopback, false, true},
		{"0.0.0.0", loopback, false, false},
	} {
		if got := newPeerRules([]netip.Addr{test.public}, test.allowPrivate, nil, nil).allow(net.ParseIP(test.peer), nil); got != test.want {
			t.Errorf("to %s through %s: %v", test.peer, test.public, got)
		}
	}
	if newPeerRules([]netip.Addr{public}, true, nil, nil).allow(nil, nil) {
		t.Error("to no address at all")
	}
}

// Whoever runs the server has the last word, and the more specific of two words counts.
func TestPeerRulesOfTheOperator(t *testing.T) {
	public, own := netip.MustParseAddr("9.9.9.9"), netip.MustParseAddr("9.9.9.10")
	rules := newPeerRules([]netip.Addr{public}, false,
		networks("10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "169.254.7.7/16", "198.51.100.0/24"),
		networks("10.1.0.0/16", "8.8.0.0/16", "198.51.100.0/24"))
	for peer, want := range map[string]bool{
		"10.9.9.9":     true,
		"10.1.2.4":     false,
		"10.1.2.3":     true,
		"8.8.8.8":      false,
		"8.9.8.8":      true,
		"192.168.1.1":  false, // 0.0.0.0/0 says less of it than what is built in
		"127.0.0.1":    false,
		"169.254.1.1":  true,
		"198.51.100.1": false,
		"9.9.9.10":     false,
		"224.0.0.1":    false,
	} {
		if got := rules.allow(net.ParseIP(peer), []netip.Prefix{netip.PrefixFrom(own, 32)}); got != want {
			t.Errorf("%s: %v", peer, got)
		}
	}
	if !newPeerRules([]netip.Addr{public}, false, networks("9.9.9.10/32"), nil).allow(net.ParseIP("9.9.9.10"), []netip.Prefix{netip.PrefixFrom(own, 32)}) {
		t.Error("an address of this machine's that is named is refused")
	}
	if newPeerRules([]netip.Addr{public}, false, nil, networks("9.9.9.9/32")).allow(net.ParseIP("9.9.9.9"), nil) {
		t.Error("relays reach each other although that is denied")
	}
}

func TestRelaySendsNothingToLowPorts(t *testing.T) {
	// 53 needs no listener here: what is not dropped comes back as a write to
	// a closed socket.
	table := newRelays(TURNConfig{PublicIP: loopback, RelayPorts: DefaultRelayPorts, MaxRelays: 1, Rate: DefaultRelayRate, Log: Config{}.withDefaults().Log})
	r, err := table.allocate(client{}, table.homes[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if n, err := r.WriteTo([]byte("query"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53}); n != 5 || err != nil {
		t.Errorf("to port 53: %d %v, want it dropped", n, err)
	}
	if _, err := r.WriteTo([]byte("query"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1024}); err == nil {
		t.Error("to port 1024: dropped")
	}
}

// Who has a relay reaches nothing else of the server's machine through it.
func TestARelayDoesNotReachItsOwnMachine(t *testing.T) {
	table := newRelays(TURNConfig{PublicIP: documentation, RelayPorts: DefaultRelayPorts, MaxRelays: 2, Rate: DefaultRelayRate, Log: Config{}.withDefaults().Log})
	other, err := table.allocate(client{}, table.homes[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for to, want := range map[netip.AddrPort]bool{
		other.address:           true,
		documentationPort(1883): false,
		netip.MustParseAddrPort("198.51.100.1:1883"): true,
	} {
		if got := table.mayReach(to); got != want {
			t.Errorf("%v: %v", to, got)
		}
	}

	own, err := ownAddresses()
	if err != nil || len(own) == 0 {
		t.Fatal(own, err)
	}
	turn := TURN{cfg: TURNConfig{PublicIP: documentation}}
	turn.setPeerRules(true, nil, nil)
	for _, ip := range own {
		if turn.mayRelayTo(ip.Addr().AsSlice()) {
			t.Errorf("%v is not told from others", ip)
		}
	}
	if !turn.mayRelayTo(net.IPv4(198, 51, 100, 1)) {
		t.Error("another machine is taken for this one")
	}
}

// Who may not send to a peer is told so: RFC 8656, sections 10.2 and 12.2.
func TestAPeerIsForbidden(t *testing.T) {
	s := startTURN(t, TURNConfig{RelayDeny: networks("198.51.100.0/24")})
	for _, transport := range []string{"udp", "tcp"} {
		relay := s.allocate(t, transport)
		before := s.relays.forbidden.Load()
		_, err := relay.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.IPv4(198, 51, 100, 1), Port: 2000})
		if err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: %v", transport, err)
		}
		if s.relays.forbidden.Load() == before {
			t.Errorf("%s: it was not counted", transport)
		}
		relay.Close()
	}
}
