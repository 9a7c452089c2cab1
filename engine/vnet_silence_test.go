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
		for _, after := range []time.Duration{0, offline / 5, offline / 3, offline/3 + access, offline * 5 / 2} {
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
						if took > offline || took < offline/2 {
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
	for _, kinds := range [][2]*nat{{portRestricted, portRestricted}, {symmetric, symmetric}} {
		t.Run(kinds[0].String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(kinds[0]), w.home(kinds[1]), nil)
				app, device := p.connect(0)
				time.Sleep(2 * time.Minute) // the first search for something better has ended

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
				const idle = 10 * time.Minute
				time.Sleep(idle)
				limit := int64(idle/keepAlivePeriod(p.app.config.OfflineAfter)) + 6
				t.Logf("%d and %d packets", fromApp.Load(), fromDevice.Load())
				if path, _ := app.currentPath(); path == PathDirect {
					if fromApp.Load() > limit || fromDevice.Load() > limit {
						t.Errorf("%d packets from the app and %d from the device in %v, want %d at most",
							fromApp.Load(), fromDevice.Load(), idle, limit)
					}
				}
				if fromApp.Load() == 0 || fromDevice.Load() == 0 {
					t.Error("nothing keeps the NATs' mappings")
				}
				w.must(errors.Join(app.Check(), device.Check()))
				w.must(exchange(app, device))
			})
		})
	}
}
