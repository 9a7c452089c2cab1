package ident

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha512"

	"filippo.io/edwards25519"
)

// Messages to the holder of an id are sealed to the X25519 key that belongs to its
// Ed25519 key: who knows an id can write to it, and needs nobody to vouch for
// another key. One key pair for both is sound (Thormarker, "On using the same key
// pair for Ed25519 and an X25519 based KEM", 2021) and what age does with SSH
// keys.

// SealingKey is what to seal messages to the holder of an id with.
func SealingKey(id string) (hpke.PublicKey, error) {
	key, err := Parse(id)
	if err != nil {
		return nil, err
	}
	public, err := publicAgreementKey(key)
	if err != nil {
		return nil, err
	}
	return hpke.NewDHKEMPublicKey(public)
}

// OpeningKey opens what is sealed to the holder of key.
func OpeningKey(key ed25519.PrivateKey) (hpke.PrivateKey, error) {
	private, err := agreementKey(key)
	if err != nil {
		return nil, err
	}
	return hpke.NewDHKEMPrivateKey(private)
}

// agreementKey is the X25519 key of who holds an Ed25519 key (RFC 8032, section
// 5.1.5, has the scalar).
func agreementKey(key ed25519.PrivateKey) (*ecdh.PrivateKey, error) {
	digest := sha512.Sum512(key.Seed())
	return ecdh.X25519().NewPrivateKey(digest[:32])
}

func publicAgreementKey(key ed25519.PublicKey) (*ecdh.PublicKey, error) {
	point, err := new(edwards25519.Point).SetBytes(key)
	if err != nil {
		return nil, errNotAnID
	}
	return ecdh.X25519().NewPublicKey(point.BytesMontgomery())
}
