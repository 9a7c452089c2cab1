package engine

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
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

// An app that has slept, or was out of reach, for longer than the device has waited hears
// so at once, and not after as long again.
func TestDeviceSaysThatASessionIsGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(portRestricted), func(app, device *Config) {
			app.OfflineAfter, device.OfflineAfter = time.Hour, 5*time.Second
		})
		app, device := p.connect(0)
		w.drop(everything)
		device.Read(0, make([]byte, 1), -1)
		<-device.done
		w.drop(between(p.appHome, p.deviceHome)) // else its QUIC says so
		start := time.Now()
		app.watch.doubt() // as after a pause, or a change of the network
		if _, err := app.Read(0, make([]byte, 1), -1); err != ErrClosedTimeout {
			t.Errorf("the app's session has ended with %v", err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// The process was stopped: the first look after that is late, and does not wait for
// another one.
func TestLateLookDoubts(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		var packets atomic.Uint64
		var doubts atomic.Int32
		w := watchSilence(panics.Guard{}, 30*time.Second, func() uint64 { return packets.Add(1) }, func() { doubts.Add(1) }, func() {})
		defer w.stop()
		time.Sleep(20 * time.Second)
		if n := doubts.Load(); n > 0 {
			t.Errorf("%d doubts", n)
		}
		w.mu.Lock()
		w.due = w.due.Add(-time.Minute) // as if the timer had stood still
		w.mu.Unlock()
		time.Sleep(w.period + time.Millisecond)
		if n := doubts.Load(); n != 1 {
			t.Errorf("%d doubts after a pause", n)
		}
	})
}
