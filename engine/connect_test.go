package engine_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
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

// within fails the test if f takes longer; a generous bound, for slow machines.
func within(t *testing.T, most time.Duration, f func()) {
	t.Helper()
	start := time.Now()
	f()
	if d := time.Since(start); d > most {
		t.Errorf("took %v, want at most %v", d, most)
	}
}

func TestOfflineDeviceIsKnownToBe(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	app, _ := p.connect(t) // it is online
	app.Close()
	p.device.Close()
	within(t, 3*time.Second, func() {
		wantRefusal(t, p.app, p.device.Ticket(), 10*time.Second, engine.ErrDeviceNotOnline)
	})
}

func TestUnseenDeviceDoesNotAnswer(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	within(t, 3*time.Second, func() {
		wantRefusal(t, p.app, unseenID(t), 500*time.Millisecond, engine.ErrNoAnswer)
	})
}

// apart takes the local network away.
func apart(app, device *engine.Config) { app.DisableLAN, device.DisableLAN = true, true }

func TestUnreachableServer(t *testing.T) {
	p := newPair(t, deadServer(t), apart)
	within(t, 3*time.Second, func() {
		wantRefusal(t, p.app, p.device.ID(), 300*time.Millisecond, engine.ErrSignaling)
	})
}

func TestNoWayAtAll(t *testing.T) {
	p := newPair(t, "", apart)
	wantRefusal(t, p.app, p.device.ID(), 300*time.Millisecond, engine.ErrSignaling)
}

// whileConnecting runs a connect that would take long, and interrupt once it
// has begun.
func whileConnecting(t *testing.T, p pair, ctx context.Context, interrupt func()) {
	t.Helper()
	target, err := p.app.Resolve(unseenID(t))
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		_, err := p.app.Connect(ctx, target, engine.ModeInternet, time.Minute, engine.NewTraceID())
		result <- err
	}()
	select {
	case err := <-result:
		t.Fatalf("connect ended at once: %v", err)
	case <-time.After(200 * time.Millisecond): // online, and offers are out
	}
	within(t, 5*time.Second, func() {
		interrupt()
		if err := <-result; engine.CodeOf(err) != engine.ErrConnectBreak {
			t.Errorf("connect: %v", err)
		}
	})
}

func TestCancelledConnectEndsAtOnce(t *testing.T) {
	for name, server := range map[string]string{"in time": startServer(t).URL(), "without a server": deadServer(t)} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, server, nil)
			ctx, cancel := context.WithCancel(t.Context())
			whileConnecting(t, p, ctx, cancel)
			if _, err := attemptWith(ctx, t, p); engine.CodeOf(err) != engine.ErrConnectBreak {
				t.Errorf("with an ended context: %v", err)
			}
		})
	}
}

func attemptWith(ctx context.Context, t *testing.T, p pair) (*engine.Session, error) {
	t.Helper()
	target, err := p.app.Resolve(p.device.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	return p.app.Connect(ctx, target, engine.ModeInternet, 5*time.Second, engine.NewTraceID())
}

func TestCloseEndsConnect(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	whileConnecting(t, p, t.Context(), func() { p.app.Close() })
	if _, err := attemptWith(t.Context(), t, p); engine.CodeOf(err) != engine.ErrConnectBreak {
		t.Errorf("after Close: %v", err)
	}
}

func TestCloseEndsAccept(t *testing.T) {
	p := newPair(t, "", nil)
	within(t, time.Second, func() {
		if _, err := p.device.Accept(0); err != engine.ErrTimeout {
			t.Errorf("accept with timeout 0: %v", err)
		}
		if _, err := p.device.Accept(10 * time.Millisecond); err != engine.ErrTimeout {
			t.Errorf("accept: %v", err)
		}
	})
	result := make(chan error, 3)
	for _, timeout := range []time.Duration{-1, time.Hour, time.Minute} {
		go func() {
			_, err := p.device.Accept(timeout)
			result <- err
		}()
	}
	select {
	case err := <-result:
		t.Fatalf("accept ended at once: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	within(t, 5*time.Second, func() {
		p.device.Close()
		for range cap(result) {
			if err := <-result; err != engine.ErrListenBreak {
				t.Errorf("accept: %v", err)
			}
		}
	})
	if _, err := p.device.Accept(-1); err != engine.ErrListenBreak {
		t.Errorf("accept after Close: %v", err)
	}
	if err := p.device.Listen(); err != engine.ErrListenBreak {
		t.Errorf("listen after Close: %v", err)
	}
}
