package engine_test

import (
	"net"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestBacklogOfTheLivingIsBounded.
func TestBacklogOfTheLivingIsBounded(t *testing.T) {
	p := newPair(t, startServer(t).URL(), func(_, device *engine.Config) { device.AcceptBacklog = 2 })
	for range 2 {
		if _, err := attempt(t, p.app, p.device.Ticket(), await.Limit); err != nil {
			t.Fatal(err)
		}
	}
	wantRefusal(t, p.app, p.device.Ticket(), await.Limit, engine.ErrDeviceFull)
	if _, err := p.device.Accept(0); err != nil {
		t.Fatal(err)
	}
	if _, err := attempt(t, p.app, p.device.Ticket(), await.Limit); err != nil {
		t.Fatal(err)
	}
}

// TestListenTellsWhyAgain: a Listen that failed fails again as long as its reason
// stands, and works after.
func TestListenTellsWhyAgain(t *testing.T) {
	taken, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	d, err := engine.NewDevice(engine.Config{LANPort: uint16(taken.LocalAddr().(*net.UDPAddr).Port)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for range 2 {
		if err := d.Listen(); engine.CodeOf(err) != engine.ErrSignaling {
			t.Errorf("the port is taken: %v", err)
		}
	}
	taken.Close()
	for range 2 {
		if err := d.Listen(); err != nil {
			t.Error(err)
		}
	}
}
