package engine_test

import (
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestTwoServersInOneProcess: each device is at its own server only, and its ticket
// leads an app without a server there.
func TestTwoServersInOneProcess(t *testing.T) {
	app, err := engine.NewApp(engine.Config{UID: "user", Relay: engine.RelayOnly, Log: testLog(t, "app")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	for range 2 {
		server := startServer(t).URL()
		device, err := engine.NewDevice(engine.Config{Log: testLog(t, "device")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { device.Close() })
		without := device.Ticket()
		if err := device.Configure(func(c *engine.Config) { c.Server = server }); err != nil {
			t.Fatal(err)
		}
		if device.Ticket() == without {
			t.Error("the ticket does not know the device's own server")
		}
		if err := device.Listen(); err != nil {
			t.Fatal(err)
		}
		near, far := pair{app, device}.connect(t)
		transfer(t, near, far, 0, 100<<10)
		if path := far.Info().Path; path != engine.PathRelay {
			t.Errorf("path %v: the server was not needed", path)
		}
	}
}

// TestConfigureBeforeListen: what cannot be used, or comes too late, changes nothing.
func TestConfigureBeforeListen(t *testing.T) {
	device, err := engine.NewDevice(engine.Config{DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	before := device.Ticket()
	for what, change := range map[string]func(*engine.Config){
		"a server":  func(c *engine.Config) { c.Server = "nowhere" },
		"a ca_file": func(c *engine.Config) { c.Server, c.CAFile = "mqtts://example.org", "/no/such/file" },
		"a time":    func(c *engine.Config) { c.Server, c.OfflineAfter = "mqtts://example.org", -1 },
	} {
		if err := device.Configure(change); engine.CodeOf(err) != engine.ErrInvalidParameter {
			t.Errorf("%s that cannot be used: %v", what, err)
		}
	}
	if err := device.Listen(); err != nil {
		t.Fatal(err)
	}
	err = device.Configure(func(c *engine.Config) { c.Server = "mqtts://example.org" })
	if engine.CodeOf(err) != engine.ErrInvalidParameter || !strings.Contains(err.Error(), "listens already") {
		t.Errorf("too late: %v", err)
	}
	if device.Ticket() != before {
		t.Error("what was refused has changed the device")
	}
	device.Close()
	if err := device.Configure(func(*engine.Config) {}); engine.CodeOf(err) != engine.ErrListenBreak {
		t.Errorf("closed: %v", err)
	}
}

// TestLimitsOfOneDevice: a second device of the process keeps its own.
func TestLimitsOfOneDevice(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	server := startServer(t).URL()
	small, err := engine.NewDevice(engine.Config{Server: server, Log: testLog(t, "small")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { small.Close() })
	if err := small.Configure(func(c *engine.Config) { c.MaxSessions = 1 }); err != nil {
		t.Fatal(err)
	}
	if err := small.Listen(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p.connect(t)
	}
	to := pair{p.app, small}
	to.connect(t)
	target, err := p.app.Resolve(small.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.app.Connect(await.Context(t, nil), target, engine.ConnectOptions{}); engine.CodeOf(err) != engine.ErrDeviceFull {
		t.Errorf("a second session of a device that has one: %v", err)
	}
}
