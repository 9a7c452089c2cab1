package engine

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// dialDevice dials a device's socket without any signalling, as who expects
// the device wantID there.
func dialDevice(t *testing.T, d *Device, wantID string) (*carrier, error) {
	t.Helper()
	return dialDeviceAs(t, callerEndpoint(t), d, wantID)
}

// callerEndpoint is that of an app that has no more than a key and a socket.
func callerEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e, err := newEndpoint(Config{UID: "user"}, 'a')
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.release)
	if err := e.quic.start(); err != nil {
		t.Fatal(err)
	}
	return e
}

func dialDeviceAs(t *testing.T, e *endpoint, d *Device, wantID string) (*carrier, error) {
	// As an offer would do.
	p := paths.Found{Remote: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), d.socket.Port()), Pass: gate.NewSecret([]byte(rand.Text()))}
	d.visitors.Honour(p.Pass)
	d.visitors.Expect(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), e.socket.Port()))
	c := newCarrier(e, p)
	t.Cleanup(c.close)
	return c, c.connect(await.Context(t, ErrTimeout), p, nil, wantID)
}

func listeningDevice(t *testing.T) *Device {
	t.Helper()
	d, err := NewDevice(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Listen(); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestImpostorIsFoundOut(t *testing.T) {
	d := listeningDevice(t)
	if _, err := dialDevice(t, d, testIdentity(1).ID); CodeOf(err) != ErrAuth || !errors.Is(err, keys.ErrWrongKey) {
		t.Errorf("dialled one device, reached another: %v", err)
	}
	c, err := dialDevice(t, d, d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if id, binding, err := c.conn.peer(); id != d.ID() || len(binding) != 32 || err != nil {
		t.Errorf("%s, %x, %v", id, binding, err)
	}
}

func TestWrongSecretIsNoTicket(t *testing.T) {
	d := listeningDevice(t)
	ctx := await.Context(t, ErrTimeout)
	right := d.state.Secret()
	for _, secret := range []*[names.SecretSize]byte{nil, {}, {1}} {
		c, err := dialDevice(t, d, d.ID())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.greet(ctx, hello{UID: "user", Trace: "trace"}, secret); CodeOf(err) != ErrAuth {
			t.Errorf("secret %x: %v", secret, err)
		}
	}
	c, err := dialDevice(t, d, d.ID())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.greet(ctx, hello{UID: "user", Trace: "trace"}, &right); err != nil {
		t.Errorf("the right secret: %v", err)
	}
}

// TestProofOfAnotherConnectionIsWorthless: a device cannot use what an app
// shows to it at another device.
func TestProofOfAnotherConnectionIsWorthless(t *testing.T) {
	d := listeningDevice(t)
	first, err := dialDevice(t, d, d.ID())
	if err != nil {
		t.Fatal(err)
	}
	second, err := dialDevice(t, d, d.ID())
	if err != nil {
		t.Fatal(err)
	}
	_, binding, err := first.conn.peer()
	if err != nil {
		t.Fatal(err)
	}
	ctx := await.Context(t, ErrTimeout)
	replayed := hello{UID: "user", Trace: "trace", Proof: names.ProveSecret(d.state.Secret(), binding)}
	if _, _, err := second.greet(ctx, replayed, nil); CodeOf(err) != ErrAuth {
		t.Errorf("replayed: %v", err)
	}
}

func TestGarbageOnTheControlStreamIsDropped(t *testing.T) {
	d := listeningDevice(t)
	for _, garbage := range []string{"\xff\xff", "\x00\x02{]", "\x00\x00", "\x00\x04null", "\x00\x0c{\"uid\":\"\\n\"}"} {
		c, err := dialDevice(t, d, d.ID())
		if err != nil {
			t.Fatal(err)
		}
		control, err := c.conn.openControl()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := control.Write([]byte(garbage)); err != nil {
			t.Fatal(err)
		}
		control.SetReadDeadline(await.Deadline())
		if v, err := readVerdict(control); v.Code == OK {
			t.Errorf("%q: accepted, %v", garbage, err)
		}
	}
}
