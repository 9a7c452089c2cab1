package rendezvous

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// allocateAs asks for a relay.
func (s *testTURN) allocateAs(t *testing.T, name string) error {
	t.Helper()
	username, password := Credential(testSecret, name, time.Now().Add(time.Hour))
	_, err := s.dialTURN(t, "udp", username, password).Allocate()
	return err
}

func TestNewLimitsHoldAtOnce(t *testing.T) {
	s := startTURN(t, TURNConfig{MaxRelaysPerClient: 1, Rate: 8000})
	s.allocate(t, "udp")
	if err := s.allocateAs(t, "somebody"); err != nil {
		t.Fatal(err)
	}
	if err := s.allocateAs(t, "somebody"); err == nil {
		t.Error("a second relay of one was allocated")
	}
	(&Server{turn: s.TURN}).SetLimits(Config{MaxRelaysPerClient: 2, RelayRate: 16000})
	if err := s.allocateAs(t, "somebody"); err != nil {
		t.Errorf("under the new limit: %v", err)
	}
	s.relays.mu.Lock()
	for name, q := range s.relays.quotas {
		if q.rate != 2000 {
			t.Errorf("%s still has %v bytes per second", name, q.rate)
		}
	}
	s.relays.mu.Unlock()
	(&Server{turn: s.TURN}).SetLimits(Config{MaxRelays: 1})
	if err := s.allocateAs(t, "another"); err == nil {
		t.Error("a fourth relay of one was allocated")
	}
}

// While it waits for its relays, a server has no new ones.
func TestDrain(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	relay := s.allocate(t, "udp")
	server := &Server{turn: s.TURN}
	soon, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Drain(soon); err == nil {
		t.Error("there is a relay, and nobody waited for it")
	}
	if err := s.allocateAs(t, "another"); err == nil {
		t.Error("a relay was allocated")
	}
	relay.Close()
	if err := server.Drain(await.Context(t, nil)); err != nil {
		t.Error(err)
	}
}

// A certificate that cannot be read again is not changed for one, and it is said once.
func TestACertificateThatIsGone(t *testing.T) {
	var log strings.Builder
	certFile, keyFile, _ := certificateFiles(t)
	config, err := LoadCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serving := func() *tls.Certificate {
		c, err := config.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := serving()
	for _, damage := range []func() error{
		func() error { return os.WriteFile(certFile, []byte("nonsense"), 0o600) },
		func() error { return os.Remove(certFile) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if serving() != first {
				t.Error("another certificate serves")
			}
		}
	}
	if n := strings.Count(log.String(), "the one that was read before serves"); n != 1 {
		t.Errorf("the log has %q", log.String())
	}
}

// A certificate that takes the place of another is read, also where all files have the same time, as in images.
func TestACertificateOfTheSameTime(t *testing.T) {
	certFile, keyFile, _ := certificateFiles(t)
	nextCert, nextKey, _ := certificateFiles(t)
	built := time.Unix(1, 0)
	for _, file := range []string{certFile, keyFile, nextCert, nextKey} {
		if err := os.Chtimes(file, built, built); err != nil {
			t.Fatal(err)
		}
	}
	config, err := LoadCertificate(certFile, keyFile, noFaults(t))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := config.GetCertificate(nil)
	for from, to := range map[string]string{nextCert: certFile, nextKey: keyFile} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if second, _ := config.GetCertificate(nil); second == first {
		t.Error("the certificate of before serves")
	}
}

// A new secret takes no relay from anybody whose credentials the old one has signed.
func TestNewSecret(t *testing.T) {
	server, err := Start(t.Context(), Config{MQTT: "127.0.0.1:0", TURN: "127.0.0.1:0", PublicIP: loopback, Secret: "an old secret of this server"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	allocate := func(secret string) error {
		username, password := Credential(secret, "somebody", time.Now().Add(time.Hour))
		_, err := (&testTURN{TURN: server.turn, plain: server.turnAddr}).dialTURN(t, "udp", username, password).Allocate()
		return err
	}
	if allocate("a new secret of this server") == nil {
		t.Error("a secret was accepted that nobody has set")
	}
	server.SetSecret("a new secret of this server", []string{"an old secret of this server"})
	for _, secret := range []string{"a new secret of this server", "an old secret of this server"} {
		if err := allocate(secret); err != nil {
			t.Errorf("%s: %v", secret, err)
		}
	}
	server.SetSecret("a new secret of this server", nil)
	if allocate("an old secret of this server") == nil {
		t.Error("an old secret was accepted that is old no more")
	}
}

// What passes two relays has gone to a peer once, and to a client once.
func TestRelayedBytesAreCounted(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	one, two := s.allocate(t, "udp"), s.allocate(t, "udp")
	exchange(t, one, two)
	before := s.relays.toPeers.Load()
	if _, err := one.WriteTo(make([]byte, 1000), two.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	for n := 0; n != 1000; { // some of the first may have come twice, or not at all
		var err error
		if n, _, err = two.ReadFrom(make([]byte, 1500)); err != nil {
			t.Fatal(err)
		}
	}
	stats := (&Server{turn: s.TURN, accept: newAcceptors(s.cfg.Log, nil)}).Stats()
	if stats.RelayedToPeers != before+1000 || stats.RelayedToClients < 1000 || stats.RelayedToClients > stats.RelayedToPeers {
		t.Errorf("%d bytes to peers, %d before, and %d to clients", stats.RelayedToPeers, before, stats.RelayedToClients)
	}
}
