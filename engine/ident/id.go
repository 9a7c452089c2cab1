// Package ident says who is who, for all who have to agree on it:
//
//	id         names an app or a device: its Ed25519 public key
//	login      shows a rendezvous server that a client holds the key of its id
//	statement  shows it that an app belongs to a device
//	pin        names the key of a server's own certificate
//
// It does no input or output.
package ident

import (
	"crypto/ed25519"
	"encoding/base32"
	"errors"
	"strings"
)

// Length of an id: an Ed25519 public key in lower-case base32 without padding.
const Length = 52

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

var errNotAnID = errors.New("an id has 52 letters and digits; copy it again from the device")

// Format returns the id that names the holder of key.
func Format(key ed25519.PublicKey) string { return encoding.EncodeToString(key) }

// Parse returns the key that id names. Upper case is accepted, since QR codes
// are denser with it.
func Parse(id string) (ed25519.PublicKey, error) {
	if len(id) != Length {
		return nil, errNotAnID
	}
	id = strings.ToLower(id)
	key, err := encoding.DecodeString(id)
	// The last character carries unused bits: only one spelling is an id. And
	// lower case may be shorter: that of the Kelvin sign is one byte, not three.
	if err != nil || len(key) != ed25519.PublicKeySize || Format(key) != id {
		return nil, errNotAnID
	}
	return key, nil
}

// Valid reports whether id is one in its one spelling, lower case.
func Valid(id string) bool {
	key, err := Parse(id)
	return err == nil && Format(key) == id
}
