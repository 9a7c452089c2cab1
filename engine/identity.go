package engine

import (
	"crypto/ed25519"
	"encoding/base32"
	"errors"
	"strings"
)

// An id is an Ed25519 public key in lower-case base32 without padding.
const idLength = 52

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

var errNotAnID = errors.New("an id has 52 letters and digits; copy it again from the device")

// formatID returns the id that names the holder of key.
func formatID(key ed25519.PublicKey) string { return idEncoding.EncodeToString(key) }

// parseID returns the key that id names. Upper case is accepted, since QR
// codes are denser with it.
func parseID(id string) (ed25519.PublicKey, error) {
	if len(id) != idLength {
		return nil, errNotAnID
	}
	id = strings.ToLower(id)
	key, err := idEncoding.DecodeString(id)
	// The last character carries unused bits: only one spelling is an id. And
	// lower case may be shorter: that of the Kelvin sign is one byte, not three.
	if err != nil || len(key) != ed25519.PublicKeySize || formatID(key) != id {
		return nil, errNotAnID
	}
	return key, nil
}

// identity is the key of an app install or a device, and the id that names it.
type identity struct {
	key ed25519.PrivateKey
	id  string
}

func newIdentity(seed []byte) identity {
	key := ed25519.NewKeyFromSeed(seed)
	return identity{key, formatID(key.Public().(ed25519.PublicKey))}
}
