package rendezvous

import (
	"net"
	"net/netip"
	"testing"
)

var documentation = netip.MustParseAddr("203.0.113.77") // RFC 5737

func documentationPort(port uint16) netip.AddrPort { return netip.AddrPortFrom(documentation, port) }

func TestMayRelayTo(t *testing.T) {
	public, private := documentation, netip.MustParseAddr("10.1.1.1")
	for _, test := range []struct {
		peer         string
		public       netip.Addr
		allowPrivate bool
		want         bool
	}{
		{"198.51.100.1", public, false, true},
		{"203.0.113.77", public, false, true}, // another relay
		{"100.64.0.1", public, false, false},
		{"100.127.255.254", public, true, true},
		{"100.128.0.1", public, false, true},
		{"198.18.0.1", public, false, false},
		{"198.18.0.1", private, false, true},
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
		{"2001:db8::1", public, false, true},
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
		if got := mayRelayTo(net.ParseIP(test.peer), test.public, test.allowPrivate); got != test.want {
			t.Errorf("to %s through %s: %v", test.peer, test.public, got)
		}
	}
	if mayRelayTo(nil, public, true) {
		t.Error("to no address at all")
	}
}

func TestRelaySendsNothingToLowPorts(t *testing.T) {
	// 53 needs no listener here: what is not dropped comes back as a write to
	// a closed socket.
	table := newRelays(TURNConfig{PublicIP: loopback, RelayPorts: DefaultRelayPorts, MaxRelays: 1, Rate: DefaultRelayRate, Log: Config{}.withDefaults().Log})
	r, err := table.allocate(client{}, 0)
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
	other, err := table.allocate(client{}, 0)
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

	own, err := net.InterfaceAddrs()
	if err != nil || len(own) == 0 {
		t.Fatal(own, err)
	}
	for _, a := range own {
		ip := a.(*net.IPNet).IP
		if !isOwn(ip, documentation) || isOwn(ip, loopback) {
			t.Errorf("%v is not told from others", ip)
		}
	}
	if isOwn(net.IPv4(198, 51, 100, 1), documentation) {
		t.Error("another machine is taken for this one")
	}
}
