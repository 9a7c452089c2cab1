package engine_test

import (
	"net"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// lanPort gives each test a port of its own: devices of tests that run at the same
// time must not answer each other's queries.
func lanPort(t *testing.T) func(app, device *engine.Config) {
	t.Helper()
	free, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	free.Close()
	return func(app, device *engine.Config) { app.LANPort, device.LANPort = port, port }
}

func TestLANWithoutAServer(t *testing.T) {
	ports := lanPort(t)
	p := newPair(t, "", func(app, device *engine.Config) {
		ports(app, device)
		device.Strangers = engine.StrangersAsk
	})
	bare, err := p.app.Resolve(p.device.ID()) // without the ticket's address
	if err != nil {
		t.Fatal(err)
	}
	p.device.SetAuthorizer(func(engine.Peer) engine.Code { return engine.OK })
	for _, mode := range []engine.Mode{engine.ModeLAN, engine.ModeInternet} {
		app, err := p.app.Connect(await.Context(t, nil), bare, engine.ConnectOptions{Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		device, err := p.device.Accept(await.Limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*engine.Session{app, device} {
			if info := s.Info(); info.Path != engine.PathLAN {
				t.Errorf("mode %v: path %v", mode, info.Path)
			}
		}
		transfer(t, device, app, 1, 1<<20)
		app.Close()
		device.Close()
	}
}

func TestNobodyInTheLAN(t *testing.T) {
	p := newPair(t, "", lanPort(t))
	wantRefusal(t, p.app, unseenID(t), 500*time.Millisecond, engine.ErrTimeout)
}

// A known address is enough, with neither discovery nor a server.
func TestKnownAddresses(t *testing.T) {
	p := newPair(t, "", func(app, device *engine.Config) {
		apart(app, device)
		device.Strangers = engine.StrangersAsk
	})
	p.device.SetAuthorizer(func(engine.Peer) engine.Code { return engine.OK })
	target, err := p.app.Resolve(p.device.ID())
	if err != nil {
		t.Fatal(err)
	}
	other := newPair(t, "", apart)
	if err := p.app.AddAddress(target, other.device.Address()); err != nil { // somebody else is there
		t.Fatal(err)
	}
	wantRefusal(t, p.app, p.device.ID(), 300*time.Millisecond, engine.ErrTimeout)
	if err := p.app.AddAddress(target, p.device.Address()); err != nil {
		t.Fatal(err)
	}
	wantSession(t, p, p.device.ID())
	wantSession(t, p, p.device.Ticket())
}

func TestWhatIsNoAddress(t *testing.T) {
	p := newPair(t, "", apart)
	target, err := p.app.Resolve(p.device.ID())
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"", "192.168.1.20", "192.168.1.20:", "192.168.1.20:0", "192.168.1.20:65536", "example.org:1", "0.0.0.0:1", "[::]:1",
		"239.1.1.1:1", "[ff02::1]:1", "fe80::1:1", "[2001:db8::1%eth0]:1", " 192.168.1.20:1",
	} {
		if err := p.app.AddAddress(target, address); engine.CodeOf(err) != engine.ErrInvalidParameter {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"192.168.1.20:1", "[fe80::1%eth0]:1", "[2001:db8::1]:65535", "[::ffff:192.0.2.1]:1"} {
		if err := p.app.AddAddress(target, address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}
