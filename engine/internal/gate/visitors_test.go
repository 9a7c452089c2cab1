package gate

import (
	"crypto/ed25519"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

func TestVisitsEnd(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		_, device, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		opening, err := ident.OpeningKey(device)
		if err != nil {
			t.Fatal(err)
		}
		v := NewVisitors(discovery.NewResponder(opening, discovery.Surroundings{Started: time.Now()}))
		here := netip.MustParseAddrPort("192.0.2.1:1")
		if v.MayEnter(here) {
			t.Error("nobody was expected")
		}
		v.Knock([]byte{0x20}, here)
		stranger, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		sealing, err := ident.SealingKey(ident.Format(stranger))
		if err != nil {
			t.Fatal(err)
		}
		wrong, _, err := discovery.Knock(sealing, discovery.Mark{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		v.Knock(wrong, here)
		if v.MayEnter(here) {
			t.Error("a knock for somebody else is taken")
		}
		v.Expect(here)
		if !v.MayEnter(here) || v.MayEnter(netip.MustParseAddrPort("192.0.2.1:2")) {
			t.Error("the wrong one is expected")
		}
		time.Sleep(visitTime)
		if v.MayEnter(here) {
			t.Error("a visit has no end")
		}
		for port := range uint16(2 * MaxVisitors) {
			v.Expect(netip.AddrPortFrom(here.Addr(), port))
		}
		if v.Until.Len() > MaxVisitors {
			t.Errorf("%d are remembered", v.Until.Len())
		}
	})
}
