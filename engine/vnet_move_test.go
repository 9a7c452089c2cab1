package engine

import (
	"errors"
	"log/slog"
	"testing"
	"time"
)

// What a session may take to move to another path, and be silent meanwhile.
const (
	upgradeBound  = time.Second
	fallbackBound = 2 * time.Second
)

// A camera's stream and its commands: 4 Mbit/s to the app and light traffic
// back, for a while.
func (p vpair) traffic(app, device *Session, seconds int) []flow {
	return []flow{
		{from: device, to: app, channel: 1, part: 10_000, interval: 20 * time.Millisecond, parts: 50 * seconds},
		{from: app, to: device, channel: 0, part: 64, interval: 20 * time.Millisecond, parts: 50 * seconds},
	}
}

// during does something after some time of traffic.
func (p vpair) during(t *testing.T, traffic []flow, after time.Duration, do func()) {
	t.Helper()
	timer := time.AfterFunc(after, do)
	defer timer.Stop()
	arrivals, err := runAll(traffic...)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range arrivals {
		t.Logf("channel %d: silent for %v at most", traffic[i].channel, a.silent)
		if a.silent > fallbackBound {
			t.Errorf("channel %d was silent for %v", traffic[i].channel, a.silent)
		}
	}
}

// movedTo returns when the app's session is on a path; looked at in fake time.
func (s *Session) movedTo(want Path, within time.Duration) (time.Duration, bool) {
	started := time.Now()
	for time.Since(started) <= within {
		if s.way.where().kind == want {
			return time.Since(started), true
		}
		time.Sleep(time.Millisecond)
	}
	return 0, false
}

func TestSessionMovesToTheDirectPathAndBack(t *testing.T) {
	for _, kinds := range [][2]*nat{{fullCone, fullCone}, {portRestricted, portRestricted}, {symmetric, public}, {public, symmetric}} {
		t.Run(kinds[0].String()+" to "+kinds[1].String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(kinds[0]), w.home(kinds[1]), nil)
				direct := between(p.appHome, p.deviceHome)
				w.drop(direct)
				app, device := p.connect(0)
				checkPath(t, app, device, PathRelay)

				p.during(t, p.traffic(app, device, 3), time.Second, func() {
					w.drop(nil)
					if took, ok := app.movedTo(PathDirect, upgradeBound); !ok {
						t.Errorf("the session has not moved to the direct path within %v", upgradeBound)
					} else {
						t.Logf("upgrade: %v", took)
					}
				})
				checkPath(t, app, device, PathDirect)

				p.during(t, p.traffic(app, device, 4), time.Second, func() {
					w.drop(direct)
					if took, ok := app.movedTo(PathRelay, fallbackBound); !ok {
						t.Errorf("the session has not moved to the relay within %v", fallbackBound)
					} else {
						t.Logf("fallback: %v", took)
					}
				})
				checkPath(t, app, device, PathRelay)

				// And up again, when the direct path is looked for the next time.
				w.drop(nil)
				time.Sleep(upgradeIntervals[0] + upgradeTime)
				checkPath(t, app, device, PathDirect)
				w.must(exchange(app, device))
			})
		})
	}
}

func TestFallbackOfADownload(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		checkPath(t, app, device, PathDirect)
		download := []flow{{from: device, to: app, channel: 1, part: 50_000, interval: 20 * time.Millisecond, parts: 150}}
		p.during(t, download, time.Second, func() { w.drop(between(p.appHome, p.deviceHome)) })
		checkPath(t, app, device, PathRelay)
	})
}

// A session that has moved knows that QUIC passes: it asks for no relay by TCP.
func TestMovedSessionAsksForNoRelay(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		asked := &lines{with: []byte("checks come, and QUIC does not")}
		p := w.pair(w.home(portRestricted), w.home(fullCone), func(app, _ *Config) {
			app.Log = slog.New(slog.NewTextHandler(asked, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		app, device := p.connect(0)
		time.Sleep(time.Second)
		p.during(t, p.traffic(app, device, 3), time.Second, func() { w.drop(between(p.appHome, p.deviceHome)) })
		checkPath(t, app, device, PathRelay)
		time.Sleep(upgradeTime)
		if n := asked.count(); n > 0 {
			t.Errorf("asked %d times", n)
		}
	})
}

// The app's path has come back by itself: then the device looks for no other either.
func TestHealedSessionSettlesTheDevice(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Minute) // what has connected them is over
		p.during(t, p.traffic(app, device, 3), time.Second, func() {
			looksFor := func() int {
				p.device.negotiations.mu.Lock()
				defer p.device.negotiations.mu.Unlock()
				return len(p.device.negotiations.all)
			}
			app.way.lost(false)
			looked := 0
			for range time.Second / time.Millisecond {
				time.Sleep(time.Millisecond)
				looked = max(looked, looksFor())
			}
			if left := looksFor(); looked == 0 || left > 0 {
				t.Errorf("the device has looked for %d paths, and still looks for %d", looked, left)
			}
		})
	})
}

// Nothing moves, so nobody would notice until it is too late.
func TestFallbackOfAnIdleSession(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Minute)
		w.drop(between(p.appHome, p.deviceHome))
		time.Sleep(p.app.config.OfflineAfter)
		checkPath(t, app, device, PathRelay)
		w.must(exchange(app, device))
	})
}

func TestShortOutage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(portRestricted), nil)
		app, device := p.connect(0)
		p.during(t, p.traffic(app, device, 4), time.Second, func() {
			w.drop(everything)
			time.Sleep(800 * time.Millisecond)
			w.drop(nil)
		})
		w.must(exchange(app, device))
	})
}

// An outage that is over in time, by what offline_ms promises.
func TestLongOutage(t *testing.T) {
	for name, traffic := range map[string]int{"idle": 0, "with bytes on their way": 3000} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(fullCone), w.home(portRestricted), func(app, device *Config) {
					app.OfflineAfter, device.OfflineAfter = 12*time.Second, 12*time.Second
				})
				app, device := p.connect(0)
				time.Sleep(5 * time.Second)
				w.drop(everything)
				if traffic > 0 {
					app.Send(1, make([]byte, traffic), 0)
					device.Send(1, make([]byte, traffic), 0)
				}
				time.Sleep(p.app.config.OfflineAfter / 2)
				w.drop(nil)
				time.Sleep(p.app.config.OfflineAfter)
				w.must(errors.Join(app.Check(), device.Check()))
				flows := []flow{{from: app, to: device, channel: 2, part: 100, parts: 3}, {from: device, to: app, channel: 2, part: 100, parts: 3}}
				_, err := runAll(flows...)
				w.must(err)
			})
		})
	}
}
