package engine

import (
	"crypto/ed25519"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// identity is the key of an app install or a device, and the id that names it.
type identity struct {
	key      ed25519.PrivateKey
	id       string
	mlkemKey []byte       // what others seal messages to, beside the id; see ident.MLKEMKey
	guard    panics.Guard // of what TLS calls
}

func newIdentity(seed []byte) identity {
	key := ed25519.NewKeyFromSeed(seed)
	mlkemKey, err := ident.MLKEMKey(key)
	if err != nil {
		panic(err) // only for lengths that are wrong
	}
	return identity{key: key, id: ident.Format(key.Public().(ed25519.PublicKey)), mlkemKey: mlkemKey}
}

func (i identity) sign(text []byte) []byte { return ed25519.Sign(i.key, text) }
