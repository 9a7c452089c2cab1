package engine

import (
	"crypto/tls"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// TestListenerCannotLearnTheID: who hears a question, or a knock and the handshake
// after it, and sends the same from its own address, gets no certificate, in which
// the device's id is.
func TestListenerCannotLearnTheID(t *testing.T) {
	d := listeningDevice(t)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), d.socket.Port())
	sealing, err := ident.SealingKey(d.ID())
	if err != nil {
		t.Fatal(err)
	}
	knock, shared, err := discovery.Knock(sealing, discovery.Mark{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	app, listener := callerEndpoint(t), callerEndpoint(t)
	from := func(e *endpoint) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), e.socket.Port())
	}

	// The app's own knock and handshake.
	d.visitors.Knock(knock, from(app))
	secret := gate.NewSecret(shared)
	seen := secret.ServerName()
	dial := func(e *endpoint, pass string) error {
		c := newCarrier(e, paths.Found{Remote: to})
		t.Cleanup(c.close)
		config, err := e.identity.DialConfig(d.ID(), pass)
		if err != nil {
			t.Fatal(err)
		}
		certificate := false
		verify := config.VerifyConnection
		config.VerifyConnection = func(state tls.ConnectionState) error {
			certificate = true
			return verify(state)
		}
		c.active = c.lead(paths.Found{Remote: to}, nil)
		if c.conn, err = c.active.quic.dial(t.Context(), c.alias, config, time.Minute); err == nil {
			return nil
		}
		if certificate {
			t.Error("the device has shown its certificate")
		}
		return err
	}
	if err := dial(app, seen); err != nil {
		t.Fatalf("the app: %v", err)
	}

	// The listener's copies of both.
	d.visitors.Knock(knock, from(listener))
	if d.visitors.MayEnter(from(listener)) {
		t.Error("a knock that was heard lets its listener come")
	}
	d.visitors.Expect(from(listener)) // even so
	for _, pass := range []string{seen, "device", gate.NewSecret([]byte("a guess")).ServerName()} {
		if err := dial(listener, pass); CodeOf(err) != ErrTimeout {
			t.Errorf("the listener: %v", err)
		}
	}
}

// Handshakes that come through a relay of the device's count like those at its socket.
func TestHandshakesThroughARelayAreCounted(t *testing.T) {
	d := listeningDevice(t)
	conn := base.NewSideConn(netip.MustParseAddrPort("192.0.2.1:1"), d.visitors, quiet)
	via := &deviceRelay{quic: newQUICTransport(conn, quiet)}
	defer via.quic.Close()
	if err := d.serveOn(via.quic, via); err != nil {
		t.Fatal(err)
	}
	if via.quic.ConnContext == nil || via.quic.VerifySourceAddress == nil {
		t.Error("handshakes through a relay are not counted")
	}
}
