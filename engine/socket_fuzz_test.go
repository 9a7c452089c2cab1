package engine

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// FuzzDivert: of what comes to the port of a device, QUIC gets nothing from who is not expected but packets of connections
// that it has, and nobody becomes expected by what he cannot know; an app's QUIC gets all that is not STUN.
func FuzzDivert(f *testing.F) {
	opening, err := ident.OpeningKey(testIdentity(1).Key)
	if err != nil {
		f.Fatal(err)
	}
	sealing, err := ident.SealingKey(testIdentity(2).ID)
	if err != nil {
		f.Fatal(err)
	}
	knock, _, err := discovery.Knock(sealing, discovery.Mark{}, time.Now()) // for somebody else
	if err != nil {
		f.Fatal(err)
	}
	f.Add(knock)
	f.Add(request("ufrag:peer"))
	f.Add([]byte{})
	f.Add([]byte{0x40})
	f.Add([]byte{0xc0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, p []byte) {
		device := socket{mux: newSTUNMux(panics.Guard{Log: noFaults(t)}, nowhere, nil, newPacer(panics.Guard{Log: noFaults(t)})), visitors: gate.NewVisitors(discovery.NewResponder(opening, discovery.Surroundings{Started: time.Now()}))}
		app := socket{mux: newSTUNMux(panics.Guard{Log: noFaults(t)}, nowhere, nil, newPacer(panics.Guard{Log: noFaults(t)}))}
		for _, from := range []netip.AddrPort{peerIPv4, peerIPv6} {
			address := net.UDPAddrFromAddrPort(from)
			known := len(p) == 0 || p[0]>>6 == 1
			if device.divert(p, address) == known {
				t.Errorf("a stranger's packet: %v", known)
			}
			if device.visitors.MayEnter(from) {
				t.Error("a stranger is expected")
			}
			if app.divert(p, address) != isSTUN(p) {
				t.Errorf("an app's packet: %v", !isSTUN(p))
			}
		}
	})
}
