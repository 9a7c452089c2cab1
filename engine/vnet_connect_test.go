package engine

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

// A device that the server has not seen may still come, until the time is up; then it is not online.
func TestUnseenDeviceIsNotOnline(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		target, err := p.app.Resolve(testIdentity(7).ID)
		w.must(err)
		if _, err := connectIn(p.app, target, ModeInternet, 5*time.Second); CodeOf(err) != ErrDeviceNotOnline || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("connect: %v", err)
		}
	})
}

// Nor is one that the server does not let in, as for a clock that is wrong.
func TestDeviceThatMayNotLogInIsNotOnline(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), func(_, device *Config) {
			device.Server = "mqtt://other.test" // it is not called that
		})
		target, err := p.app.Resolve(p.device.ID()) // its ticket names that server
		w.must(err)
		if _, err := connectIn(p.app, target, ModeInternet, 5*time.Second); CodeOf(err) != ErrDeviceNotOnline {
			t.Errorf("connect: %v", err)
		}
	})
}

// unreachable is a server whose address nobody answers at.
func unreachable() (net.Conn, error) { return nil, errors.New("connection refused") }

// whileConnecting runs a connect that would take long, and interrupt once offers are out; then one with ctx that cannot
// begin. Both end with ErrConnectBreak, and are cancelled or not.
func whileConnecting(t *testing.T, cancelled bool, interrupt func(a *App, cancel context.CancelFunc)) {
	for name, dial := range map[string]func() (net.Conn, error){"in time": nil, "without a server": unreachable} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(fullCone), w.home(fullCone), func(app, _ *Config) {
					if dial != nil {
						app.dialServer = dial
					}
				})
				target, err := p.app.Resolve(testIdentity(7).ID)
				w.must(err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				time.AfterFunc(200*time.Millisecond, func() { interrupt(p.app, cancel) })
				connect := func() error {
					_, err := p.app.Connect(ctx, target, ConnectOptions{})
					return err
				}
				broken := func(err error) bool {
					return errors.Is(err, ErrConnectBreak) && errors.Is(err, context.Canceled) == cancelled
				}
				if took := bubble.Took(func() { err = connect() }); !broken(err) || took != 200*time.Millisecond {
					t.Errorf("interrupted after 200 ms: %v after %v", err, took)
				}
				if took := bubble.Took(func() { err = connect() }); !broken(err) || took != 0 {
					t.Errorf("then: %v after %v", err, took)
				}
			})
		})
	}
}

func TestCancelledConnectEndsAtOnce(t *testing.T) {
	whileConnecting(t, true, func(_ *App, cancel context.CancelFunc) { cancel() })
}

func TestCloseEndsConnect(t *testing.T) {
	whileConnecting(t, false, func(a *App, _ context.CancelFunc) { a.Close() })
}

func TestCloseEndsAccept(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		d := w.pair(w.home(fullCone), w.home(fullCone), nil).device
		for _, timeout := range []time.Duration{0, 10 * time.Millisecond} {
			var err error
			if took := bubble.Took(func() { _, err = d.Accept(timeout) }); err != ErrTimeout || took != timeout {
				t.Errorf("accept with timeout %v: %v after %v", timeout, err, took)
			}
		}
		time.AfterFunc(time.Second, func() { d.Close() })
		result := make(chan error, 3)
		started := time.Now()
		for _, timeout := range []time.Duration{-1, time.Hour, time.Minute} {
			go func() {
				_, err := d.Accept(timeout)
				result <- err
			}()
		}
		for range cap(result) {
			if err := <-result; err != ErrListenBreak || time.Since(started) != time.Second {
				t.Errorf("accept: %v after %v", err, time.Since(started))
			}
		}
		if _, err := d.Accept(-1); err != ErrListenBreak {
			t.Errorf("accept after Close: %v", err)
		}
		if err := d.Listen(); err != ErrListenBreak {
			t.Errorf("listen after Close: %v", err)
		}
	})
}
