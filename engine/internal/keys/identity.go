// Package keys has the key of an app or a device, and TLS in which only keys count.
package keys

import (
	"crypto/ed25519"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Identity is the key of an app install or a device, and the id that names it.
type Identity struct {
	Key      ed25519.PrivateKey
	ID       string
	MLKEMKey []byte       // what others seal messages to, beside the id; see ident.MLKEMKey
	Guard    panics.Guard // of what TLS calls
}

func New(seed []byte) Identity {
	key := ed25519.NewKeyFromSeed(seed)
	mlkemKey, err := ident.MLKEMKey(key)
	if err != nil {
		panic(err) // only for lengths that are wrong
	}
	return Identity{Key: key, ID: ident.Format(key.Public().(ed25519.PublicKey)), MLKEMKey: mlkemKey}
}

func (i Identity) Sign(text []byte) []byte { return ed25519.Sign(i.Key, text) }
