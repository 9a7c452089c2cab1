package rendezvous

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	pion "github.com/pion/turn/v2"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const testSecret = "a secret for tests"

// testTURN is a TURN server on 127.0.0.1 over UDP, TCP and TLS.
type testTURN struct {
	*TURN
	plain, tls string // addresses
	roots      *x509.CertPool
}

func startTURN(t *testing.T, cfg TURNConfig) *testTURN {
	t.Helper()
	cfg.Secret, cfg.PublicIP = testSecret, loopback
	server, err := NewTURN(cfg)
	if err != nil {
		t.Fatal(err)
	}
	config, roots := testCertificate(t)
	s := &Server{turn: server, accept: newAcceptors(server.cfg.Log, server.door.lobby)}
	t.Cleanup(func() { s.Close() })
	const any = "127.0.0.1:0"
	plain, err := s.listenTURN(Config{TURN: any})
	if err != nil {
		t.Fatal(err)
	}
	secure, err := s.entranceAt(any, config)
	if err != nil {
		t.Fatal(err)
	}
	secure.secure[protoTURN] = server.ServeStream
	s.open()
	return &testTURN{server, local(plain), local(secure.port()), roots}
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// testCertificate makes a certificate for 127.0.0.1, through files as the
// command does.
func testCertificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	certFile, keyFile, chain := certificateFiles(t)
	config, err := LoadCertificate(certFile, keyFile, noFaults(t))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	return config, roots
}

func certificateFiles(t *testing.T) (certFile, keyFile string, chain []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{{127, 0, 0, 1}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	os.WriteFile(certFile, chain, 0o600)
	os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
	return certFile, keyFile, chain
}

// dialTURN returns a pion client over udp, tcp or tls.
func (s *testTURN) dialTURN(t *testing.T, transport, username, password string) *pion.Client {
	t.Helper()
	var conn net.PacketConn
	address := s.plain
	switch transport {
	case "udp":
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		conn = c
	case "tcp":
		c, err := net.Dial("tcp", s.plain)
		if err != nil {
			t.Fatal(err)
		}
		conn = pion.NewSTUNConn(c)
	case "tls":
		address = s.tls
		c, err := tls.Dial("tcp", s.tls, &tls.Config{RootCAs: s.roots})
		if err != nil {
			t.Fatal(err)
		}
		conn = pion.NewSTUNConn(c)
	}
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: conn, Username: username, Password: password,
		LoggerFactory: pionLogs{quietLogger(Config{}.withDefaults().Log, "client")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Cleanup(client.Close)
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	return client
}

func (s *testTURN) allocate(t *testing.T, transport string) net.PacketConn {
	t.Helper()
	username, password := Credential(testSecret, sharedName, time.Now().Add(time.Hour))
	relay, err := s.dialTURN(t, transport, username, password).Allocate()
	if err != nil {
		t.Fatalf("allocate over %s: %v", transport, err)
	}
	t.Cleanup(func() { relay.Close() })
	relay.SetDeadline(await.Deadline())
	return relay
}

// exchange sends one datagram each way.
func exchange(t *testing.T, a, b net.PacketConn) {
	t.Helper()
	send := func(from, to net.PacketConn, text string) {
		t.Helper()
		if _, err := from.WriteTo([]byte(text), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		for buffer := make([]byte, 1500); ; {
			n, addr, err := to.ReadFrom(buffer)
			if err != nil || addr.String() != from.LocalAddr().String() {
				t.Fatalf("from %v, %v; want %q from %v", addr, err, text, from.LocalAddr())
			}
			if string(buffer[:n]) == text {
				return
			}
		}
	}
	// A relay lets in only those that its owner has sent to: this may be lost.
	b.WriteTo([]byte("knock"), a.LocalAddr())
	send(a, b, "there")
	send(b, a, "and back")
}

func TestRelayToAPeer(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			peer.SetDeadline(await.Deadline())
			exchange(t, s.allocate(t, transport), peer)
		})
	}
}

func TestRelayToRelay(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	for _, pair := range [][2]string{{"udp", "udp"}, {"tcp", "tcp"}, {"tcp", "tls"}} {
		t.Run(pair[0]+" "+pair[1], func(t *testing.T) {
			exchange(t, s.allocate(t, pair[0]), s.allocate(t, pair[1]))
		})
	}
}

func TestRelayToRelayBehindTheCloudsNAT(t *testing.T) {
	// The public address, one for documentation, is not this machine's.
	table := newRelays(TURNConfig{PublicIP: documentation, RelayPorts: DefaultRelayPorts, MaxRelays: 8, Rate: DefaultRelayRate, Log: Config{}.withDefaults().Log})
	if at := table.homes[0].local; !at.IsUnspecified() {
		t.Fatalf("relays bind to %s", at)
	}
	open := func() *relay {
		r, err := table.allocate(client{}, table.homes[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		r.SetDeadline(await.Deadline())
		return r
	}
	a, b := open(), open()
	b.mustGrant(t, a.address)
	a.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(b.address))
	n, from, err := b.ReadFrom(make([]byte, 100))
	if err != nil || n != 5 || addressOf(from) != a.address {
		t.Errorf("%d bytes from %v, %v; want 5 from %v", n, from, err, a.address)
	}
}

func TestSTUN(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	for _, transport := range []string{"udp", "tcp", "tls"} {
		client := s.dialTURN(t, transport, "", "")
		addr, err := client.SendBindingRequest()
		if err != nil || !addr.(*net.UDPAddr).IP.IsLoopback() {
			t.Errorf("%s: %v %v", transport, addr, err)
		}
	}
}

func TestCredentialsThatAreRefused(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	soon := time.Now().Add(time.Hour)
	username, password := Credential(testSecret, sharedName, soon)
	later, _ := Credential(testSecret, sharedName, soon.Add(time.Hour))
	expired, expiredPassword := Credential(testSecret, sharedName, time.Now().Add(-time.Second))
	other, otherPassword := Credential("another secret", sharedName, soon)
	for name, c := range map[string][2]string{
		"expired":           {expired, expiredPassword},
		"another secret":    {other, otherPassword},
		"an expiry changed": {later, password},
		"a name changed":    {username + "x", password},
		"no time":           {"t2p", passwordOf(testSecret, "t2p")},
		"no password":       {username, ""},
	} {
		for _, transport := range []string{"udp", "tcp"} {
			if relay, err := s.dialTURN(t, transport, c[0], c[1]).Allocate(); err == nil {
				relay.Close()
				t.Errorf("%s over %s: a relay was allocated", name, transport)
			}
		}
	}
	if n := s.Relays(); n != 0 {
		t.Errorf("%d relays", n)
	}
}

func TestRelayEndsWithItsConnection(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	username, password := Credential(testSecret, sharedName, time.Now().Add(time.Hour))
	conn, err := net.Dial("tcp", s.plain)
	if err != nil {
		t.Fatal(err)
	}
	client, err := pion.NewClient(&pion.ClientConfig{TURNServerAddr: s.plain, Conn: pion.NewSTUNConn(conn), Username: username, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.Listen()
	if _, err := client.Allocate(); err != nil || s.Relays() != 1 {
		t.Fatalf("%d relays, %v", s.Relays(), err)
	}
	conn.Close()
	s.relays.wait()
	if n := s.Relays(); n != 0 {
		t.Errorf("%d relays", n)
	}
}

func TestRelayQuota(t *testing.T) {
	s := startTURN(t, TURNConfig{MaxRelays: 2})
	s.allocate(t, "udp")
	s.allocate(t, "tcp")
	username, password := Credential(testSecret, sharedName, time.Now().Add(time.Hour))
	if _, err := s.dialTURN(t, "udp", username, password).Allocate(); err == nil {
		t.Error("a third of two relays was allocated")
	}
}

func TestTURNCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("use", func(t *testing.T) {
		s := startTURN(t, TURNConfig{})
		for _, transport := range []string{"udp", "tcp", "tls"} {
			s.allocate(t, transport)
		}
		s.Close()
		if n := s.Relays(); n != 0 {
			t.Errorf("%d relays", n)
		}
	})
	noMoreGoroutines(t, before)
}
