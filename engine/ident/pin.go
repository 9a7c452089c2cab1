package ident

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// ErrPin says that a server holds another key than the one it was named by.
var ErrPin = errors.New("the server's certificate is not the one that its address names: copy the address again from the server")

// Pin names the key of a certificate: SHA-256 over its SubjectPublicKeyInfo, as
// in RFC 7469, section 2.4, but in base64url without padding, for URLs.
func Pin(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ValidPin reports whether pin has the form of one.
func ValidPin(pin string) bool {
	_, ok := parseBytes(pin, sha256.Size)
	return ok
}

// PinTLS makes config accept the server that holds the pinned key and no other,
// whoever has issued the certificate, for whatever name, until whenever.
func PinTLS(config *tls.Config, pin string) {
	config.InsecureSkipVerify = true // VerifyConnection decides, for resumed sessions too
	config.VerifyConnection = func(state tls.ConnectionState) (err error) {
		defer panics.Guard{}.RecoverTo(&err)
		if len(state.PeerCertificates) == 0 || Pin(state.PeerCertificates[0]) != pin {
			return ErrPin
		}
		return nil
	}
}
