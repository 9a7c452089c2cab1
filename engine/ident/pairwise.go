package ident

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"slices"
)

// Pairwise returns 32 bytes that only the holders of two keys know: that of key, and
// that of an id. Both get the same, without a word between them, and other bytes for
// another use. The X25519 keys are those of SealingKey and OpeningKey.
func Pairwise(key ed25519.PrivateKey, id, use string) ([]byte, error) {
	other, err := Parse(id)
	if err != nil {
		return nil, err
	}
	private, err := agreementKey(key)
	if err != nil {
		return nil, err
	}
	public, err := publicAgreementKey(other)
	if err != nil {
		return nil, err
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	pair := [][]byte{key.Public().(ed25519.PublicKey), other}
	slices.SortFunc(pair, bytes.Compare)
	return hkdf.Key(sha256.New, secret, nil, use+string(bytes.Join(pair, nil)), 32)
}
