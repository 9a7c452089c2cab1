package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// certify makes a certificate for 127.0.0.1 and a file with it as a root.
func certify(t *testing.T) (certificate tls.Certificate, rootFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	rootFile = filepath.Join(t.TempDir(), "root.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(rootFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, rootFile
}

// TestServerOverEachTransport connects through each kind of server address, and
// relays over each kind of TURN.
func TestServerOverEachTransport(t *testing.T) {
	certificate, root := certify(t)
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}}
	const any = "127.0.0.1:0"
	for name, config := range map[string]rendezvous.Config{
		"mqtt and TURN over UDP or TCP": {MQTT: any, TURN: any},
		"mqtts and TURN over TLS":       {MQTTS: any, TURNS: any, TLS: secure},
		"ws":                            {WS: any, TURN: any},
		"wss":                           {WSS: any, TURNS: any, TLS: secure},
	} {
		t.Run(name, func(t *testing.T) {
			config.PublicIP = netip.MustParseAddr("127.0.0.1")
			server, err := rendezvous.Start(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() }) // after the pair's: without its relay a session cannot say goodbye
			p := newPair(t, server.URL(), func(app, device *engine.Config) {
				app.CAFile, device.CAFile = root, root
				app.Relay, device.Relay = engine.RelayOnly, engine.RelayOnly
			})
			app, device := p.connect(t)
			transfer(t, app, device, 5, 1<<20)
			transfer(t, device, app, 1, 1<<20)
			if path := app.Info().Path; path != engine.PathRelay {
				t.Errorf("path %v, want relay", path)
			}
		})
	}
}

// TestServerWithItsOwnCertificate: the pin in the server's address is enough, for
// TURN over TLS and in the ticket, too.
func TestServerWithItsOwnCertificate(t *testing.T) {
	config, pin, err := rendezvous.LoadSelfSigned(filepath.Join(t.TempDir(), "own.pem"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := rendezvous.Start(t.Context(), rendezvous.Config{
		MQTTS: "127.0.0.1:0", TURNS: "127.0.0.1:0", TLS: config, Pin: pin, PublicIP: netip.MustParseAddr("127.0.0.1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	p := newPair(t, server.URL(), func(app, device *engine.Config) {
		app.Server = "" // the ticket has it
		app.Relay, device.Relay = engine.RelayOnly, engine.RelayOnly
	})
	app, device := p.connect(t)
	transfer(t, app, device, 5, 1<<20)
	if path := app.Info().Path; path != engine.PathRelay {
		t.Errorf("path %v, want relay", path)
	}

	other := strings.Replace(server.URL(), pin, strings.Repeat("A", len(pin)), 1)
	stranger := newPair(t, other, nil)
	// It says what the connection to the server lacked when the time was up: the handshake takes some.
	for timeout := 500 * time.Millisecond; !errors.Is(err, ident.ErrPin); timeout *= 2 {
		_, err = attempt(t, stranger.app, p.device.ID(), timeout)
		if engine.CodeOf(err) != engine.ErrSignaling || timeout > await.Limit {
			t.Fatalf("connect with another pin: %v, want ErrSignaling for the pin", err)
		}
	}
}

func TestServerWithUnknownCertificateIsNotTrusted(t *testing.T) {
	certificate, _ := certify(t)
	_, otherRoot := certify(t)
	server, err := rendezvous.Start(t.Context(), rendezvous.Config{
		MQTTS: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{certificate}},
		PublicIP: netip.MustParseAddr("127.0.0.1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	app, err := engine.NewApp(engine.Config{UID: "user", Server: server.URL(), CAFile: otherRoot})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	device, err := engine.NewDevice(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	wantRefusal(t, app, device.ID(), 500*time.Millisecond, engine.ErrSignaling)
}
