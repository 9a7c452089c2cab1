//go:build thingp2p_quic

package engine

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

// Sessions that have a path that works, and something in the way of finding it.

// trickle sends a little both ways until the session, or the test, ends.
func (w *world) trickle(app, device *Session) {
	var all sync.WaitGroup
	for _, ends := range [][2]*Session{{app, device}, {device, app}} {
		all.Go(func() {
			p := make([]byte, 1<<10)
			for {
				if _, err := ends[0].Read(1, p, -1); err != nil {
					return
				}
			}
		})
		all.Go(func() {
			for ends[1].Check() == nil {
				ends[1].Send(1, make([]byte, 1000), 0)
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	w.t.Cleanup(func() {
		app.Close()
		device.Close()
		all.Wait()
	})
}

// moves counts how often a session moves within some time.
func (s *Session) moves(within time.Duration) (n int) {
	since := s.way.(*mover).path.Load().since
	for began := time.Now(); time.Since(began) < within; time.Sleep(10 * time.Millisecond) {
		if now := s.way.(*mover).path.Load().since; now != since {
			since = now
			n++
		}
	}
	return n
}

// An app has many devices, and all lose their paths at once.
func TestManySessionsMoveAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		var apps []*Session
		for range maxRepairs + 4 {
			app, device := p.connect(0)
			w.trickle(app, device)
			apps = append(apps, app)
		}
		time.Sleep(2 * time.Second)
		w.drop(between(p.appHome, p.deviceHome))
		var all sync.WaitGroup
		for _, app := range apps {
			all.Go(func() {
				if _, ok := app.movedTo(PathRelay, 3*time.Second); !ok {
					t.Error("a session had no turn")
				}
			})
		}
		all.Wait()
	})
}

// A probe has its time, and a path may need more: it is moved to nevertheless, and once.
func TestLongPathsAreMovedTo(t *testing.T) {
	for _, way := range []time.Duration{50, 120, 160, 200, 240, 300} {
		way *= time.Millisecond
		t.Run((4 * way).String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.farHome(portRestricted, way), w.farHome(portRestricted, way), nil)
				time.Sleep(5 * time.Second)
				app, device := p.connect(15 * time.Second)
				time.Sleep(10 * time.Second)
				checkPath(t, app, device, PathDirect)
				w.trickle(app, device)
				time.Sleep(time.Second)
				w.drop(between(p.appHome, p.deviceHome))
				if n := app.moves(time.Minute); n != 1 {
					t.Errorf("it has moved %d times", n)
				}
				checkPath(t, app, device, PathRelay)
			})
		})
	}
}

// What the device has sent to a dead path does not arrive, new connection ids among it. Each outage has a relay of its own,
// and so an address that takes one.
func TestPathsDoNotRunOutOfConnectionIDs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		app, device := p.connect(0)
		time.Sleep(2 * time.Second)
		checkPath(t, app, device, PathDirect)
		w.trickle(app, device)
		direct := between(p.appHome, p.deviceHome)
		answers := func(c vnet.Chunk) bool { // to probes by a relay
			return isFrom(c, serverIP) && !p.deviceHome.has(c) && len(c.UserData()) > 1000
		}
		for range 3 {
			w.drop(func(c vnet.Chunk) bool { return direct(c) || answers(c) })
			time.Sleep(2 * time.Second)
			w.drop(answers)
			time.Sleep(2 * time.Second)
			w.drop(nil)
			time.Sleep(20 * time.Second)
			checkPath(t, app, device, PathDirect)
		}
		w.drop(direct)
		if _, ok := app.movedTo(PathRelay, fallbackBound); !ok {
			t.Error("it has not moved to the relay")
		}
	})
}

// The session moves to a relay, which dies, and the direct path lets only STUN pass.
func TestRelayThatDiesAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		app, device := p.connect(0)
		time.Sleep(2 * time.Second)
		w.trickle(app, device)
		direct := between(p.appHome, p.deviceHome)
		var mu sync.Mutex
		relays, dead := map[int]bool{}, false
		w.drop(func(c vnet.Chunk) bool {
			mu.Lock()
			defer mu.Unlock()
			for _, end := range []net.Addr{c.SourceAddr(), c.DestinationAddr()} {
				if a := end.(*net.UDPAddr); a.IP.String() == serverIP && a.Port != 3478 {
					if dead && relays[a.Port] {
						return true
					}
					relays[a.Port] = relays[a.Port] || !dead
				}
			}
			const quicBit = 0x40 // of the first byte (RFC 9443)
			return direct(c) && (!dead || c.UserData()[0]&quicBit != 0)
		})
		if _, ok := app.movedTo(PathRelay, fallbackBound); !ok {
			t.Fatal("it has not moved to the first relay")
		}
		mu.Lock()
		dead = true
		mu.Unlock()
		if n := app.moves(fallbackBound); n != 1 {
			t.Errorf("it has moved %d times", n)
		}
		w.must(exchangeOn(app, device, 5))
	})
}

// A session on a relay looks for a direct path from time to time, but not when it has found one in an emergency.
func TestDirectPathIsNotLookedForTwice(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		w.drop(between(p.appHome, p.deviceHome))
		app, device := p.connect(0)
		w.trickle(app, device)
		time.Sleep(20 * time.Second)
		checkPath(t, app, device, PathRelay)
		w.drop(everything)
		time.Sleep(time.Second)
		w.drop(nil)
		if n := app.moves(time.Minute); n != 1 {
			t.Errorf("it has moved %d times", n)
		}
		checkPath(t, app, device, PathDirect)
	})
}
