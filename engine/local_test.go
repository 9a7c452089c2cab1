package engine

import (
	"net/netip"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

func TestKindOfPath(t *testing.T) {
	local, far := netip.MustParseAddrPort("192.168.1.2:1"), netip.MustParseAddrPort("203.0.113.1:1")
	c := &carrier{endpoint: &endpoint{config: Config{network: hosts.System{}}}}
	for _, l := range []paths.Lane{{}, {AppRelayed: true}, {DeviceRelayed: true}, {AppRelayed: true, DeviceRelayed: true}} {
		direct := l == paths.Lane{}
		if got := c.kind(paths.Found{Lane: l, Remote: local}); (got == PathLAN) != direct || (got == PathRelay) == direct {
			t.Errorf("lane %+v to %v: %v", l, local, got)
		}
		if got := c.kind(paths.Found{Lane: l, Remote: far}); (got == PathDirect) != direct || (got == PathRelay) == direct {
			t.Errorf("lane %+v to %v: %v", l, far, got)
		}
	}
	if got := c.kind(paths.Found{Remote: far, Straight: true, Near: true}); got != PathLAN {
		t.Errorf("who answered in the local network is on %v", got)
	}
}

func TestAddressSetKeepsTheNewest(t *testing.T) {
	var s addressSet
	address := func(port int) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(port))
	}
	for port := 1; port <= 2*maxAddressSet; port++ {
		s.add([]signal.Candidate{{Type: signal.Relayed, Address: address(port)}})
	}
	if len(s.addresses) != maxAddressSet || s.has(address(1)) || !s.has(address(2*maxAddressSet)) {
		t.Errorf("%v", s.addresses)
	}
}
