package ident

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
)

func certify(t *testing.T, key *ecdsa.PrivateKey) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)} // expired since the year 1
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestPin(t *testing.T) {
	key := newKey(t)
	mine, again, other := certify(t, key), certify(t, key), certify(t, newKey(t))
	pin := Pin(mine.Leaf)
	if !ValidPin(pin) || Pin(again.Leaf) != pin {
		t.Errorf("%q and %q", pin, Pin(again.Leaf))
	}
	for name, test := range map[string]struct {
		server tls.Certificate
		want   error
	}{"the pinned key": {mine, nil}, "its next certificate": {again, nil}, "another key": {other, ErrPin}} {
		config := &tls.Config{ServerName: "example.org"}
		PinTLS(config, pin)
		ours, theirs := net.Pipe()
		go tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{test.server}}).Handshake()
		if err := tls.Client(ours, config).Handshake(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		ours.Close()
		theirs.Close()
	}
}

func TestWhatIsNoPin(t *testing.T) {
	for _, pin := range []string{"", "x", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("A", 42) + "=", strings.Repeat("A", 42) + "B", strings.Repeat("A", 42) + "\n"} {
		if ValidPin(pin) {
			t.Errorf("%q", pin)
		}
	}
}
