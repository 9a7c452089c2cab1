package engine_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/netip"
	"os"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

func testLog(t testing.TB, who string) *slog.Logger {
	if os.Getenv("THINGP2P_TEST_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("who", who)
}

func startServer(t testing.TB) *rendezvous.Server {
	t.Helper()
	server, err := rendezvous.Start(t.Context(), rendezvous.Config{
		MQTT: "127.0.0.1:0", TURN: "127.0.0.1:0", PublicIP: netip.MustParseAddr("127.0.0.1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// pair is an app and a device on this machine.
type pair struct {
	app    *engine.App
	device *engine.Device
}

func newPair(t testing.TB, server string, change func(app, device *engine.Config)) pair {
	t.Helper()
	app := engine.Config{UID: "user", Server: server, Log: testLog(t, "app")}
	device := engine.Config{Server: server, Log: testLog(t, "device")}
	if change != nil {
		change(&app, &device)
	}
	d, err := engine.NewDevice(device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Listen(); err != nil {
		t.Fatal(err)
	}
	a, err := engine.NewApp(app)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return pair{a, d}
}

func (p pair) connect(t testing.TB) (app, device *engine.Session) {
	t.Helper()
	target, err := p.app.Resolve(p.device.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	app, err = p.app.Connect(await.Context(t, nil), target, engine.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	device, err = p.device.Accept(await.Limit)
	if err != nil {
		t.Fatal(err)
	}
	return app, device
}

// transfer sends size random bytes on a channel and checks what arrives.
func transfer(t testing.TB, from, to *engine.Session, channel, size int) {
	t.Helper()
	sent, received := sha256.New(), sha256.New()
	done := make(chan error, 1)
	go func() {
		buffer := make([]byte, 32<<10)
		for left := size; left > 0; {
			rand.Read(buffer)
			part := buffer[:min(len(buffer), left)]
			n, err := from.Send(channel, part, await.Limit)
			if err != nil {
				done <- err
				return
			}
			sent.Write(part[:n])
			left -= n
		}
		done <- nil
	}()
	buffer := make([]byte, 50<<10)
	for left := size; left > 0; {
		n, err := to.Read(channel, buffer, await.Limit)
		if err != nil {
			t.Fatalf("read with %d bytes to come: %v", left, err)
		}
		received.Write(buffer[:n])
		left -= n
	}
	if err := <-done; err != nil {
		t.Fatalf("send: %v", err)
	}
	if !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
		t.Fatal("what arrived is not what was sent")
	}
}

func TestSessionCarriesAllChannels(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	for channel := range engine.Channels {
		transfer(t, app, device, channel, 300<<10)
		transfer(t, device, app, channel, 300<<10)
	}
	transfer(t, device, app, 1, 64<<20)
	info := app.Info()
	t.Logf("%+v", info)
	t.Logf("%+v", device.Info())
}

func TestRelayOnly(t *testing.T) {
	p := newPair(t, startServer(t).URL(), func(app, device *engine.Config) { app.Relay = engine.RelayOnly })
	app, device := p.connect(t)
	transfer(t, device, app, 1, 4<<20)
	transfer(t, app, device, 1, 4<<20)
	if app.Info().Path != engine.PathRelay || device.Info().Path != engine.PathRelay {
		t.Errorf("paths %v and %v, want relay", app.Info().Path, device.Info().Path)
	}
}
