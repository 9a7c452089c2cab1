package engine_test

import (
	"net"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// unseenID is the id of a device that no server has heard of.
func unseenID(t *testing.T) string {
	t.Helper()
	d, err := engine.NewDevice(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	return d.ID()
}

// deadServer is an address at which nobody listens.
func deadServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "mqtt://" + l.Addr().String()
}

func TestOfflineDeviceIsKnownToBe(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, _ := p.connect(t) // it is online
	app.Close()
	p.device.Close()
	wantRefusal(t, p.app, p.device.Ticket(), await.Limit, engine.ErrDeviceNotOnline)
}

// apart takes the local network away.
func apart(app, device *engine.Config) { app.DisableLAN, device.DisableLAN = true, true }

func TestUnreachableServer(t *testing.T) {
	p := newPair(t, deadServer(t), apart)
	wantRefusal(t, p.app, p.device.ID(), 300*time.Millisecond, engine.ErrSignaling)
}

func TestNoWayAtAll(t *testing.T) {
	p := newPair(t, "", apart)
	wantRefusal(t, p.app, p.device.ID(), 300*time.Millisecond, engine.ErrSignaling)
}
