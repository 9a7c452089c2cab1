package base

import (
	"bytes"
	"crypto/ed25519"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// FuzzDivert: of what comes to the port of a device, QUIC gets nothing from who is not expected but packets of connections
// that it has, and nobody becomes expected by what he cannot know; an app's QUIC gets all that is not STUN.
func FuzzDivert(f *testing.F) {
	identity := func(number byte) keys.Identity { return keys.New(bytes.Repeat([]byte{number}, ed25519.SeedSize)) }
	opening, err := ident.OpeningKey(identity(1).Key)
	if err != nil {
		f.Fatal(err)
	}
	sealing, err := ident.SealingKey(identity(2).ID)
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
		device := Socket{network: hosts.System{}, Mux: NewSTUNMux(panics.Guard{Log: faultlog.None(t)}, nowhere, nil, NewPacer(panics.Guard{Log: faultlog.None(t)})), Visitors: gate.NewVisitors(discovery.NewResponder(opening, discovery.Surroundings{Started: time.Now()}))}
		app := Socket{network: hosts.System{}, Mux: NewSTUNMux(panics.Guard{Log: faultlog.None(t)}, nowhere, nil, NewPacer(panics.Guard{Log: faultlog.None(t)}))}
		for _, from := range []netip.AddrPort{peerIPv4, peerIPv6} {
			address := net.UDPAddrFromAddrPort(from)
			known := len(p) == 0 || p[0]>>6 == 1
			if device.divert(p, address) == known {
				t.Errorf("a stranger's packet: %v", known)
			}
			if device.Visitors.MayEnter(from) {
				t.Error("a stranger is expected")
			}
			if app.divert(p, address) != isSTUN(p) {
				t.Errorf("an app's packet: %v", !isSTUN(p))
			}
		}
	})
}
