package paths

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

var allLanes = []Lane{{false, false}, {true, false}, {false, true}, {true, true}}

func TestLanesHaveDifferentCredentials(t *testing.T) {
	var suffixes []string
	for _, l := range allLanes {
		if suffix := l.suffix(); slices.Contains(suffixes, suffix) || len(suffix) != 1 {
			t.Errorf("lane %+v has suffix %q, others %q", l, suffix, suffixes)
		}
		suffixes = append(suffixes, l.suffix())
	}
}

// TestSuffixesStay: both sides derive them, also of another version.
func TestSuffixesStay(t *testing.T) {
	for i, l := range allLanes {
		if want := string(rune('a' + i)); l.suffix() != want {
			t.Errorf("lane %+v has suffix %q, want %q", l, l.suffix(), want)
		}
	}
}

func TestCandidatesFitTheirLanes(t *testing.T) {
	const (
		private = "192.168.1.2:1"
		public  = "203.0.113.1:1"
	)
	for _, side := range []signal.Role{signal.App, signal.Device} {
		n := &Negotiation{ground: &Ground{Role: side}}
		for _, test := range []struct {
			ownRelayed, peerRelayed bool
			typ                     signal.CandidateType
			address                 string
			want                    bool
		}{
			{false, false, signal.Host, private, true},
			{false, false, signal.Host, public, true},
			{false, false, signal.ServerReflexive, public, true},
			{false, false, signal.Relayed, public, false},
			{false, true, signal.Host, private, false},
			{false, true, signal.ServerReflexive, public, false},
			{false, true, signal.Relayed, public, true},
			{true, false, signal.Host, private, false}, // a relay cannot reach it
			{true, false, signal.Host, public, true},
			{true, false, signal.ServerReflexive, public, true},
			{true, false, signal.Relayed, public, false},
			{true, true, signal.Host, public, false},
			{true, true, signal.ServerReflexive, public, false},
			{true, true, signal.Relayed, public, true},
		} {
			l := Lane{AppRelayed: test.ownRelayed, DeviceRelayed: test.peerRelayed}
			if side == signal.Device {
				l = Lane{AppRelayed: test.peerRelayed, DeviceRelayed: test.ownRelayed}
			}
			c := signal.Candidate{Type: test.typ, Address: netip.MustParseAddrPort(test.address)}
			if got := n.fits(l, c); got != test.want {
				t.Errorf("role %c, lane %+v, %+v: %v", side, l, c, got)
			}
		}
	}
}

func TestRelaysAreOrderedByCost(t *testing.T) {
	server := func(url string) signal.TURNServer { return signal.TURNServer{URL: url} }
	udp, other := server("turn:a:3478?transport=udp"), server("turn:b:3478")
	tcp, tls := server("turn:a:3478?transport=tcp"), server("turns:a:443?transport=tcp")
	given := []signal.TURNServer{tls, tcp, udp, other}
	if got, want := orderRelays(given, false), []signal.TURNServer{udp, other, tcp, tls}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := orderRelays(given, true), []signal.TURNServer{tcp, tls, udp, other}; !slices.Equal(got, want) {
		t.Errorf("with UDP blocked %v, want %v", got, want)
	}
	if given[0] != tls {
		t.Error("the given list has changed")
	}
	if got := orderRelays(nil, true); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestHostCandidatesCanBeReached(t *testing.T) {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	others := slices.ContainsFunc(interfaces, func(a net.Addr) bool {
		ip := a.(*net.IPNet).IP
		return !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	})
	candidates := HostCandidates(hosts.System{}, 4711)
	if len(candidates) == 0 {
		t.Fatal("none")
	}
	for _, c := range candidates {
		ip := c.Address.Addr()
		if c.Type != signal.Host || c.Address.Port() != 4711 || ip.IsLinkLocalUnicast() || ip.Zone() != "" || ip.Is4In6() {
			t.Errorf("candidate %+v", c)
		}
		if ip.IsLoopback() == others {
			t.Errorf("candidate %v, and the host has other addresses: %v", c.Address, others)
		}
	}
	m := signal.Message{Kind: signal.Candidates, From: "a", Attempt: "b", Candidates: candidates}
	payload, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signal.Decode(payload); err != nil {
		t.Errorf("the peer would refuse %v: %v", candidates, err)
	}
}
