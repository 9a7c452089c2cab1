package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// alpn names the protocol inside QUIC (RFC 7301).
const alpn = "thingp2p/2"

var ErrWrongKey = errors.New("the peer does not hold the key that its id names")

// DialConfig is for an app that dials a device.
func (i Identity) DialConfig(deviceID, pass string) (*tls.Config, error) {
	config, err := i.TLSConfig(deviceID)
	if err == nil {
		config.ServerName = pass
	}
	return config, err
}

// AcceptConfig is for a device: without a pass, which admits looks at, the
// handshake ends before the device shows who it is.
func (i Identity) AcceptConfig(admits func(pass string) bool) (*tls.Config, error) {
	config, err := i.TLSConfig("")
	if err == nil {
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (_ *tls.Config, err error) {
			defer i.Guard.RecoverTo(&err)
			if !admits(hello.ServerName) {
				return nil, ErrNoPass
			}
			return nil, nil // as it stands
		}
	}
	return config, err
}

var ErrNoPass = errors.New("a handshake without a pass")

// TLSConfig returns a TLS 1.3 configuration, for either role, with a
// self-signed certificate over the identity's key. Only the peer's key counts:
// it must be the one that wantID names, or any Ed25519 key if wantID is "".
// Names and dates are ignored, since a device's clock may be wrong.
func (i Identity) TLSConfig(wantID string) (*tls.Config, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // "no expiry", RFC 5280, section 4.1.2.5
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, i.Key.Public(), i.Key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate: %w", err)
	}
	return &tls.Config{
		Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: i.Key}},
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{alpn},
		ServerName:             "device", // unused, and an address must not leak through SNI
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // there is no CA: VerifyConnection pins the key
		SessionTicketsDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) (err error) {
			defer i.Guard.RecoverTo(&err)
			id, err := PeerID(state)
			if err != nil {
				return err
			}
			if wantID != "" && id != wantID {
				return ErrWrongKey
			}
			return nil
		},
	}, nil
}

// PeerID returns the id that the peer of a TLS connection has proven.
func PeerID(state tls.ConnectionState) (string, error) {
	if len(state.PeerCertificates) == 0 {
		return "", ErrWrongKey
	}
	key, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return "", ErrWrongKey
	}
	return ident.Format(key), nil
}
