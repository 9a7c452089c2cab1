package engine_test

import (
	"net"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestDeadSessionsMakeRoom: sessions that nobody accepted, and that have ended,
// keep no app out, and who lives is accepted before them.
func TestDeadSessionsMakeRoom(t *testing.T) {
	const backlog = 4
	p := newPair(t, startServer(t).URL(), func(_, device *engine.Config) { device.AcceptBacklog = backlog })
	connect := func() *engine.Session {
		s, err := attempt(t, p.app, p.device.Ticket(), await.Limit)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for n := range 2 * backlog {
		s := connect()
		if _, err := s.Send(0, []byte{byte(n)}, await.Limit); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	live := connect()
	device, err := p.device.Accept(await.Limit)
	if err != nil {
		t.Fatal(err)
	}
	transfer(t, live, device, 0, 100)
	// What the latest dead ones have left can still be read.
	for n := backlog + 1; n < 2*backlog; n++ {
		dead, err := p.device.Accept(0)
		if err != nil {
			t.Fatal(err)
		}
		var b [10]byte
		if got, err := dead.Read(0, b[:], await.Limit); err != nil || got != 1 || b[0] != byte(n) {
			t.Errorf("%d: read %x, %v", n, b[:got], err)
		}
		dead.Close()
	}
	if _, err := p.device.Accept(0); err != engine.ErrTimeout {
		t.Errorf("one more: %v", err)
	}
}

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
