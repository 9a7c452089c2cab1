package discovery

import (
	"bytes"
	"crypto/ed25519"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// Only the one right answer finds a device.
func FuzzFinder(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	sealing, err := ident.SealingKey(ident.Format(key.Public().(ed25519.PublicKey)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(make([]byte, answerSize), false)
	f.Add(append([]byte{kindAnswer}, make([]byte, answerSize-1)...), true)
	f.Add([]byte{kindAnswer}, true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, packet []byte, labelled bool) {
		q, err := newQuery(sealing, Mark{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if name := q.label(); labelled && len(packet) > len(name) {
			packet = bytes.Clone(packet)
			copy(packet[1:], name[:])
		}
		found := 0
		var finder Finder
		finder.remember(q, func(netip.AddrPort) { found++ })
		finder.heard(packet, netip.AddrPort{})
		if found != 0 {
			t.Errorf("%x is taken for an answer", packet)
		}
		finder.heard(q.answer, netip.AddrPort{})
		if found != 1 {
			t.Error("the right answer is not")
		}
	})
}
