package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// attempt connects by a device id, a ticket or a name.
func attempt(t *testing.T, app *engine.App, to string, timeout time.Duration) (*engine.Session, error) {
	t.Helper()
	target, err := app.Resolve(to)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return app.Connect(ctx, target, engine.ConnectOptions{})
}

// wantRefusal connects and wants a certain error.
func wantRefusal(t *testing.T, app *engine.App, to string, timeout time.Duration, want engine.Code) {
	t.Helper()
	s, err := attempt(t, app, to, timeout)
	if err == nil {
		s.Close()
	}
	if engine.CodeOf(err) != want || !errors.Is(err, want) {
		t.Errorf("connect: %v, want %v", err, want)
	}
}

// wantSession connects, and ends the session on both sides.
func wantSession(t *testing.T, p pair, to string) {
	t.Helper()
	s, err := attempt(t, p.app, to, await.Limit)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	device, err := p.device.Accept(await.Limit)
	if err != nil {
		t.Fatal(err)
	}
	device.Close()
}

// wantSessionSoon is wantSession for a device that was there before and comes
// back: Listen does not wait until the server knows.
func wantSessionSoon(t *testing.T, p pair, to string) {
	t.Helper()
	for deadline := await.Deadline(); ; {
		s, err := attempt(t, p.app, to, await.Limit)
		if engine.CodeOf(err) == engine.ErrDeviceNotOnline && time.Now().Before(deadline) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if s, err = p.device.Accept(await.Limit); err != nil {
			t.Fatal(err)
		}
		s.Close()
		return
	}
}

func TestAppWithoutTicketIsRefused(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	wantRefusal(t, p.app, p.device.ID(), await.Limit, engine.ErrAuth)
	if s, err := p.device.Accept(0); err != engine.ErrTimeout {
		t.Errorf("accepted %v, %v", s, err)
	}
}

func TestAppWithAnotherDevicesTicketIsRefused(t *testing.T) {
	server := startServer(t).URL()
	p, other := newPair(t, server, nil), newPair(t, server, nil)
	if err := p.app.AddDevice("other", other.device.Ticket()); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, p.app, p.device.ID(), await.Limit, engine.ErrAuth)
}

func TestPairedAppNeedsNoTicket(t *testing.T) {
	server := startServer(t).URL()
	appDir, deviceDir := t.TempDir(), t.TempDir()
	remember := func(app, device *engine.Config) { app.StateDir, device.StateDir = appDir, deviceDir }
	p := newPair(t, server, remember)
	id, ticket := p.device.ID(), p.device.Ticket()
	wantRefusal(t, p.app, id, await.Limit, engine.ErrAuth)
	wantSession(t, p, ticket)
	wantSession(t, p, id)
	p.app.Close()
	p.device.Close()

	// Also when both have been started anew.
	p = newPair(t, server, remember)
	if p.device.ID() != id || p.device.Ticket() != ticket {
		t.Error("the device is another one after a restart")
	}
	wantSessionSoon(t, p, id)
	wantSession(t, pair{newPair(t, server, nil).app, p.device}, ticket)
	stranger := newPair(t, server, nil)
	wantRefusal(t, stranger.app, id, await.Limit, engine.ErrAuth)
}

func TestAuthorizerDecides(t *testing.T) {
	p := newPair(t, startServer(t).URL(), func(_, device *engine.Config) { device.Strangers = engine.StrangersAsk })
	var answer atomic.Int32
	var asked atomic.Pointer[engine.Peer]
	p.device.SetAuthorizer(func(peer engine.Peer) engine.Code {
		asked.Store(&peer)
		return engine.Code(answer.Load())
	})
	for returned, want := range map[engine.Code]engine.Code{
		engine.ErrDevicePrivacy: engine.ErrDevicePrivacy,
		engine.ErrDeviceBusy:    engine.ErrDeviceBusy,
		engine.ErrAuth:          engine.ErrAuth,
		-999:                    engine.ErrRemote,
		1:                       engine.ErrRemote,
	} {
		answer.Store(int32(returned))
		wantRefusal(t, p.app, p.device.Ticket(), await.Limit, want)
	}
	answer.Store(0)
	for to, hasTicket := range map[string]bool{p.device.ID(): false, p.device.Ticket(): true} {
		target, err := p.app.Resolve(to)
		if err != nil {
			t.Fatal(err)
		}
		trace := engine.NewTraceID()
		s, err := p.app.Connect(await.Context(t, nil), target, engine.ConnectOptions{TraceID: trace})
		if err != nil {
			t.Fatal(err)
		}
		device, err := p.device.Accept(await.Limit)
		if err != nil {
			t.Fatal(err)
		}
		peer := *asked.Load()
		if peer != device.Peer() || peer.UID != "user" || peer.TraceID != trace || peer.HasTicket != hasTicket || len(peer.AppID) != 52 {
			t.Errorf("asked for %+v, accepted %+v", peer, device.Peer())
		}
		s.Close()
		device.Close()
	}
	// Without the authorizer, only the one with the ticket is known.
	p.device.SetAuthorizer(nil)
	wantSession(t, p, p.device.ID())
}

func TestAppLimitsItsSessions(t *testing.T) {
	p := newPair(t, startServer(t).URL(), func(app, _ *engine.Config) { app.MaxSessions = 1 })
	app, device := p.connect(t)
	wantRefusal(t, p.app, p.device.ID(), await.Limit, engine.ErrSessionLimit)
	for range 5 { // room is there as soon as a session has ended
		app.Close()
		device.Close()
		app, device = p.connect(t)
	}
}

func TestDeviceLimitsItsSessions(t *testing.T) {
	server := startServer(t).URL()
	p := newPair(t, server, func(_, device *engine.Config) { device.MaxSessions = 1 })
	other := newPair(t, server, nil)
	app, device := p.connect(t)
	wantRefusal(t, other.app, p.device.Ticket(), await.Limit, engine.ErrDeviceFull)
	wantRefusal(t, p.app, p.device.Ticket(), await.Limit, engine.ErrDeviceFull)
	app.Close()
	device.Close()
	for range 5 {
		wantSession(t, pair{other.app, p.device}, p.device.Ticket())
		wantSession(t, p, p.device.Ticket())
	}
}

func TestOneConnectIsOneSession(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	for range 10 {
		app, device := p.connect(t)
		transfer(t, app, device, 0, 100)
		transfer(t, device, app, 7, 100)
		app.Close()
		if err := device.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := p.device.Accept(0); err != engine.ErrTimeout {
		t.Errorf("one more: %v, %v", s, err)
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	p := newPair(t, "", nil)
	target, err := p.app.Resolve(p.device.ID())
	if err != nil {
		t.Fatal(err)
	}
	long := string(make([]byte, 81))
	for name, err := range map[string]error{
		"unknown mode":   connectError(p.app, target, engine.ConnectOptions{Mode: 2}),
		"long trace id":  connectError(p.app, target, engine.ConnectOptions{TraceID: long}),
		"space in trace": connectError(p.app, target, engine.ConnectOptions{TraceID: "a b"}),
		"no name":        p.app.AddDevice("", p.device.Ticket()),
		"long name":      p.app.AddDevice(long, p.device.Ticket()),
		"no uid":         appError(engine.Config{}),
		"long uid":       appError(engine.Config{UID: long}),
		"control in uid": appError(engine.Config{UID: "a\nb"}),
		"not UTF-8":      appError(engine.Config{UID: "\xff\xfe"}),
		"server":         appError(engine.Config{UID: "user", Server: "http://example.org"}),
		"ca_file":        appError(engine.Config{UID: "user", CAFile: "/nowhere"}),
	} {
		if engine.CodeOf(err) != engine.ErrInvalidParameter {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "nobody", "t2p1.", p.device.Ticket() + "x", p.device.ID()[1:]} {
		if _, err := p.app.Resolve(text); engine.CodeOf(err) != engine.ErrInvalidID {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := p.app.AddDevice("name", "no ticket"); engine.CodeOf(err) != engine.ErrInvalidID {
		t.Errorf("no ticket: %v", err)
	}
}

func connectError(app *engine.App, to *engine.Target, options engine.ConnectOptions) error {
	_, err := app.Connect(context.Background(), to, options)
	return err
}

func appError(config engine.Config) error {
	app, err := engine.NewApp(config)
	if err == nil {
		app.Close()
	}
	return err
}
