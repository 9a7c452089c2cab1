package engine

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

func TestSilentPeerIsGone(t *testing.T) {
	for _, offline := range []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute} {
		// The watches look at their own times: be silent at several.
		afters := []time.Duration{0, offline / 5, offline / 3, offline/3 + access, offline * 5 / 2}
		if offline > time.Minute {
			afters = afters[len(afters)-1:] // with time enough for a NAT to forget
		}
		for _, after := range afters {
			t.Run(fmt.Sprintf("%v after %v", offline, after), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(fullCone), w.home(portRestricted), func(app, device *Config) {
						app.OfflineAfter, device.OfflineAfter = offline, offline
					})
					app, device := p.connect(0)
					time.Sleep(after)
					if err := errors.Join(app.Check(), device.Check()); err != nil {
						t.Fatalf("idle for %v: %v", after, err)
					}
					w.drop(everything)
					gone := time.Now()
					for who, s := range map[string]*Session{"app": app, "device": device} {
						_, err := s.Read(3, make([]byte, 1), -1)
						took := time.Since(gone)
						if err != ErrClosedTimeout || s.Check() != ErrClosedTimeout {
							t.Errorf("%s: read: %v, check: %v", who, err, s.Check())
						}
						// The last packet may be older than the silence by a keep-alive period.
						if took > offline || took < offline/2-silentTime {
							t.Errorf("%s: gone after %v of %v", who, took, offline)
						}
					}
				})
			})
		}
	}
}

// A peer that is gone while bytes are on their way: senders that wait are told.
func TestSilentPeerWhileSending(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const offline = 6 * time.Second
		p := w.pair(w.home(fullCone), w.home(portRestricted), func(app, device *Config) {
			app.OfflineAfter, device.OfflineAfter = offline, offline
		})
		app, device := p.connect(0)
		w.drop(everything)
		gone := time.Now()
		for _, s := range []*Session{app, device} {
			var err error
			for err == nil {
				_, err = s.Send(1, make([]byte, 64<<10), -1)
			}
			if err != ErrClosedTimeout || time.Since(gone) > offline {
				t.Errorf("send: %v after %v", err, time.Since(gone))
			}
		}
	})
}

func TestIdleSessionIsCheapAndStays(t *testing.T) {
	for _, test := range []struct {
		relay RelayPolicy
		path  Path
		idle  time.Duration
		extra int64 // packets, for the relay
	}{
		{RelayNever, PathDirect, 10 * time.Minute, 0},
		// After five minutes the TURN client's refresh of a channel is a data
		// race, which does no harm but to this test.
		{RelayOnly, PathRelay, 3 * time.Minute, 4},
	} {
		t.Run(test.path.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(portRestricted), w.home(portRestricted), func(app, _ *Config) { app.Relay = test.relay })
				app, device := p.connect(0)
				time.Sleep(time.Minute) // QUIC has found out the MTU, ICE has ended
				var fromApp, fromDevice atomic.Int64
				w.drop(func(c vnet.Chunk) bool {
					switch c.SourceAddr().(*net.UDPAddr).IP.String() {
					case p.appHome.publicIP:
						fromApp.Add(1)
					case p.deviceHome.publicIP:
						fromDevice.Add(1)
					}
					return false
				})
				time.Sleep(test.idle)
				checkPath(t, app, device, test.path)
				expected := int64(test.idle / keepAlivePeriod(p.app.config.OfflineAfter))
				limit := expected*11/10 + test.extra
				if a, d := fromApp.Load(), fromDevice.Load(); a > limit || d > limit || a < expected/2 || d < expected/2 {
					t.Errorf("%d packets from the app and %d from the device in %v, want about %d", a, d, test.idle, expected)
				}
				w.must(errors.Join(app.Check(), device.Check()))
				w.must(exchange(app, device))
			})
		})
	}
}
