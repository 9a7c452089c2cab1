package engine

import (
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// sealedMessage is an envelope as an attacker would make it, from what package
// signal says of its form.
func sealedMessage(t testing.TB, key ed25519.PrivateKey, to string, message map[string]any) []byte {
	t.Helper()
	const domain = "thingp2p message through a rendezvous server\n"
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := ident.SealingKey(to)
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := ident.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	e := append([]byte{1}, key.Public().(ed25519.PublicKey)...)
	e = binary.BigEndian.AppendUint64(e, uint64(time.Now().UnixMilli()))
	encapsulated, sender, err := hpke.NewSender(sealing, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(domain))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := sender.Seal(e, text)
	if err != nil {
		t.Fatal(err)
	}
	e = append(append(e, encapsulated...), sealed...)
	return append(e, ed25519.Sign(key, slices.Concat([]byte(domain), receiver, e))...)
}
