package engine

import (
	"net/netip"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// TestInfoAsksTheSystemOnce: not at each call, since it costs a socket.
func TestInfoAsksTheSystemOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(public), nil)
		app, device := p.connect(0)
		for name, s := range map[string]*Session{"app": app, "device": device} {
			routes := routesOf(s)
			first := s.Info()
			asked := routes.last.Load()
			if again := s.Info(); again.LocalAddress != first.LocalAddress || routes.last.Load() != asked {
				t.Errorf("the %s asked again: %+v", name, again)
			}
			other := netip.MustParseAddrPort("192.0.2.1:1")
			if r := routes.straightTo(other); routes.last.Load() == asked || r.remote != other {
				t.Errorf("the %s has not asked for another address: %+v", name, r)
			}
		}
	})
}

func routesOf(s *Session) *routes {
	if m, ok := s.way.(*mover); ok {
		return &m.routes
	}
	return &s.way.(*follower).routes
}

// TestRepeatedOffersEvictNoRelay: an app repeats its offers, and its relays stay
// known as such.
func TestRepeatedOffersEvictNoRelay(t *testing.T) {
	var relays addressSet
	live := signal.Candidate{Type: signal.Relayed, Address: netip.MustParseAddrPort("192.0.2.1:1")}
	other := signal.Candidate{Type: signal.Relayed, Address: netip.MustParseAddrPort("192.0.2.2:2")}
	relays.add([]signal.Candidate{live})
	for range 2 * maxAddressSet {
		relays.add([]signal.Candidate{other})
	}
	if !relays.has(live.Address) || !relays.has(other.Address) {
		t.Error("a relay in use is forgotten")
	}
	if len(relays.addresses) != 2 {
		t.Errorf("%d addresses are kept", len(relays.addresses))
	}
}
