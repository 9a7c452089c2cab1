package engine

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

func TestPassIsGoodOnce(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		v := newVisitors(nil)
		mine, other := newPassSecret([]byte("shared")), newPassSecret([]byte("something else"))
		v.honour(newPassSecret([]byte("shared"))) // the device's own copy
		pass := mine.serverName()
		if len(pass) > 63 {
			t.Errorf("a name has at most 63 characters, this one %d", len(pass))
		}
		if v.admits(other.serverName()) {
			t.Error("a pass of another secret is good")
		}
		if v.admits("") || v.admits("device") || v.admits(pass+"a") || v.admits(pass[1:]) {
			t.Error("what is no pass is good")
		}
		forged := []byte(pass)
		forged[len(forged)-10] ^= 1
		if v.admits(string(forged)) {
			t.Error("a pass that was changed is good")
		}
		if !v.admits(strings.ToUpper(pass)) {
			t.Error("a pass is not good")
		}
		v.honour(newPassSecret([]byte("shared"))) // the knock is repeated
		if v.admits(pass) {
			t.Error("a pass is good again")
		}
		for n := 1; n < maxPassUses; n++ {
			if !v.admits(mine.serverName()) {
				t.Fatalf("handshake %d is refused", n)
			}
		}
		if v.admits(mine.serverName()) {
			t.Error("a secret is good for ever")
		}
		later := newPassSecret([]byte("later"))
		v.honour(later)
		time.Sleep(visitTime)
		if v.admits(later.serverName()) {
			t.Error("a visit has no end")
		}
	})
}

// TestListenerCannotLearnTheID: who hears a question, or a knock and the handshake
// after it, and sends the same from its own address, gets no certificate, in which
// the device's id is.
func TestListenerCannotLearnTheID(t *testing.T) {
	d := listeningDevice(t)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), d.socket.port)
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
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), e.socket.port)
	}

	// The app's own knock and handshake.
	d.visitors.knock(knock, from(app))
	secret := newPassSecret(shared)
	seen := secret.serverName()
	dial := func(e *endpoint, pass string) error {
		c := newCarrier(e, foundPath{remote: to})
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
		c.active = c.route(foundPath{remote: to}, nil)
		if c.conn, err = c.active.dial(t.Context(), c.alias, config, time.Minute); err == nil {
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
	d.visitors.knock(knock, from(listener))
	if d.visitors.mayEnter(from(listener)) {
		t.Error("a knock that was heard lets its listener come")
	}
	d.visitors.expect(from(listener)) // even so
	for _, pass := range []string{seen, "device", newPassSecret([]byte("a guess")).serverName()} {
		if err := dial(listener, pass); CodeOf(err) != ErrTimeout {
			t.Errorf("the listener: %v", err)
		}
	}
}

// TestRelayOfADeviceHasTheSameGate: whoever a TURN permission covers gets nothing
// from the QUIC behind it that the device's own socket would not give.
func TestRelayOfADeviceHasTheSameGate(t *testing.T) {
	d := listeningDevice(t)
	conn := newRelayConn(netip.MustParseAddrPort("192.0.2.1:1"), quiet)
	conn.visitors = d.visitors
	stranger, visitor := netip.MustParseAddrPort("192.0.2.2:2"), netip.MustParseAddrPort("192.0.2.3:3")
	d.visitors.expect(visitor)
	initial, short := []byte{0xc0, 0, 0, 0, 1}, []byte{0x40, 1}
	arrives := func(p []byte, from netip.AddrPort) bool {
		conn.push(p, from)
		select {
		case <-conn.incoming:
			return true
		default:
			return false
		}
	}
	if arrives(initial, stranger) || !arrives(initial, visitor) || !arrives(short, stranger) {
		t.Error("the wrong ones pass")
	}
	via := &deviceRelay{quic: newQUICTransport(conn, quiet)}
	defer via.quic.Close()
	if err := d.serveOn(via.quic, via); err != nil {
		t.Fatal(err)
	}
	if via.quic.ConnContext == nil || via.quic.VerifySourceAddress == nil {
		t.Error("handshakes through a relay are not counted")
	}
}

// TestHandshakesAreShared: however many handshakes one address begins, another
// finds room, and gives it back.
func TestHandshakesAreShared(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		h := newHandshakes(panics.Guard{Log: quiet})
		greedy := &net.UDPAddr{IP: net.ParseIP("192.0.2.1"), Port: 1}
		network := func(host byte) net.Addr {
			return &net.UDPAddr{IP: net.IP{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host}, Port: 1}
		}
		begun := 0
		for range 2 * maxHandshakes {
			if _, err := h.begin(t.Context(), greedy); err == nil {
				begun++
			}
		}
		if begun != maxHandshakes/2 {
			t.Errorf("one address began %d of %d", begun, maxHandshakes)
		}
		if !h.busy() {
			t.Error("addresses need no proof")
		}
		begun = 0
		for host := range 2 * maxHandshakes { // of one network
			if _, err := h.begin(t.Context(), network(byte(host))); err == nil {
				begun++
			}
		}
		if begun != maxHandshakes/4 {
			t.Errorf("one IPv6 network began %d", begun)
		}
		taken := h.open.Taken()
		ctx, err := h.begin(t.Context(), &net.UDPAddr{IP: net.ParseIP("192.0.2.2"), Port: 1})
		if err != nil {
			t.Fatal(err)
		}
		h.done(ctx)
		h.done(ctx)
		if h.open.Taken() != taken {
			t.Error("a place is not given back once")
		}
	})
}

// FuzzPass: no server name panics, and none is a pass of a secret that its sender
// does not know.
func FuzzPass(f *testing.F) {
	f.Add("")
	f.Add("device")
	f.Add(newPassSecret([]byte("another secret")).serverName())
	f.Add(strings.Repeat("a", 52))
	v := newVisitors(nil)
	v.honour(newPassSecret([]byte("secret")))
	f.Fuzz(func(t *testing.T, name string) {
		if v.admits(name) {
			t.Errorf("%q is a pass", name)
		}
	})
}
