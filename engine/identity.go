package engine

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha512"
	"encoding/base32"
	"errors"
	"strings"

	"filippo.io/edwards25519"
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

// Messages to an identity are sealed to the X25519 key that belongs to its
// Ed25519 key: who knows an id can write to it, and needs nobody to vouch for
// another key. One key pair for both is sound (Thormarker, "On using the same key
// pair for Ed25519 and an X25519 based KEM", 2021) and what age does with SSH
// keys.

// sealingKey is what to seal messages to the holder of an id with.
func sealingKey(id string) (hpke.PublicKey, error) {
	key, err := parseID(id)
	if err != nil {
		return nil, err
	}
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil {
		return nil, errNotAnID
	}
	public, err := ecdh.X25519().NewPublicKey(point.BytesMontgomery())
	if err != nil {
		return nil, err
	}
	return hpke.NewDHKEMPublicKey(public)
}

// openingKey opens what is sealed to the identity (RFC 8032, section 5.1.5, has
// the scalar).
func (i identity) openingKey() (hpke.PrivateKey, error) {
	digest := sha512.Sum512(i.key.Seed())
	private, err := ecdh.X25519().NewPrivateKey(digest[:32])
	if err != nil {
		return nil, err
	}
	return hpke.NewDHKEMPrivateKey(private)
}
