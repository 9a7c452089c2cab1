//go:build thingp2p_quic

package engine

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// What a search does with the paths that it has found, and what it leaves behind at the device.

// Two paths are dead, and have had their probes for a while, when one is found that works.
func TestDeadPathsDoNotHoldUpAGoodOne(t *testing.T) {
	for _, late := range []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 3600 * time.Millisecond, 5 * time.Second} {
		t.Run(late.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(fullCone), w.home(fullCone), nil)
				app, _ := p.connect(0)
				time.Sleep(2 * time.Second)
				m := app.way.(*mover)
				near := make(chan paths.Found, 3)
				for _, dead := range []string{"203.0.113.77:4000", "203.0.113.78:4000"} {
					near <- paths.Found{Remote: netip.MustParseAddrPort(dead), Straight: true, Near: true}
				}
				moved := make(chan bool, 1)
				if !m.begin(false, func(s *search) { moved <- m.take(s, nil, near, moveTime, true) }) {
					t.Fatal("there is a search")
				}
				time.Sleep(late)
				found := time.Now()
				near <- paths.Found{Remote: m.path.Load().remote, Straight: true}
				if !<-moved {
					t.Fatal("the session has not moved")
				}
				if took := time.Since(found); took > time.Second { // the first probe of a path, of which two may run
					t.Errorf("the path that works was used after %v", took)
				}
			})
		})
	}
}

// isServers is for what goes by the server.
func isServers(c vnet.Chunk) bool {
	return isFrom(c, serverIP) || c.DestinationAddr().(*net.UDPAddr).IP.String() == serverIP
}

// The app says of one search that it is done; that comes late, and another has begun: by the relay, where QUIC repeats what was
// lost on the path that died, or since the server is faster than QUIC.
func TestWhatIsDoneEndsNoOtherSearch(t *testing.T) {
	t.Run("it comes by the relay", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
			direct := between(p.appHome, p.deviceHome)
			w.drop(direct)
			app, device := p.connect(0)
			w.trickle(app, device)
			checkPath(t, app, device, PathRelay)
			time.Sleep(time.Second)
			w.drop(nil)
			if _, ok := app.movedTo(PathDirect, upgradeBound); !ok {
				t.Fatal("not moved")
			}
			w.drop(direct)
			if _, ok := app.movedTo(PathRelay, 5*time.Second); !ok {
				t.Fatal("not moved to the relay")
			}
			time.Sleep(200 * time.Millisecond)
			w.drop(nil)
			took, ok := app.movedTo(PathDirect, time.Minute)
			if bound := lateRepeats + time.Second; !ok || took > bound {
				t.Errorf("direct again after %v (%v), want %v at most", took, ok, bound)
			}
		})
	})
	for _, pause := range []time.Duration{400 * time.Millisecond, 500 * time.Millisecond, 550 * time.Millisecond, 570 * time.Millisecond} {
		t.Run("the server is faster, "+pause.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				const way = 300 * time.Millisecond
				p := w.pair(w.farHome(portRestricted, way), w.farHome(portRestricted, way), nil)
				time.Sleep(5 * time.Second)
				app, device := p.connect(15 * time.Second)
				time.Sleep(20 * time.Second)
				checkPath(t, app, device, PathDirect)
				w.trickle(app, device)
				time.Sleep(2 * time.Second)
				app.way.lost(false)
				m := app.way.(*mover)
				searching := func() bool {
					m.mu.Lock()
					defer m.mu.Unlock()
					return m.search != nil
				}
				for searching() {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(pause - 50*time.Millisecond)
				w.drop(between(p.appHome, p.deviceHome))
				time.Sleep(50 * time.Millisecond)
				app.way.lost(false)
				if took, ok := app.movedTo(PathRelay, time.Minute); !ok || took > 5*time.Second {
					t.Errorf("by the relay after %v (%v): the device had ended the search", took, ok)
				}
			})
		})
	}
}

// An app without spare connection ids probes with the one in use: that is no second move.
func TestDeviceFollowsAMoveOnce(t *testing.T) {
	for _, late := range []time.Duration{0, 1300 * time.Millisecond, 2500 * time.Millisecond, 4 * time.Second} {
		t.Run("relays after "+late.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
				app, device := p.connect(0)
				time.Sleep(20 * time.Second)
				checkPath(t, app, device, PathDirect)
				w.trickle(app, device)
				time.Sleep(time.Second)
				f := device.way.(*follower)
				var moved atomic.Int32
				f.conn.whenMoved(f.device.workers.Guard, func() {
					moved.Add(1)
					f.searches.reached()
					device.hasMoved()
				})
				direct, cut := between(p.appHome, p.deviceHome), time.Now()
				w.drop(func(c vnet.Chunk) bool {
					if !p.deviceHome.has(c) && isServers(c) && time.Since(cut) < late {
						return true
					}
					isQUIC := len(c.UserData()) > 0 && c.UserData()[0]&0x40 != 0
					return direct(c) && p.deviceHome.sent(c) && isQUIC
				})
				if _, ok := app.movedTo(PathRelay, 30*time.Second); !ok {
					t.Fatal("not moved")
				}
				time.Sleep(5 * time.Second)
				if n := moved.Load(); n != 1 {
					t.Errorf("the device has followed %d times", n)
				}
				w.must(exchangeOn(app, device, 5))
			})
		})
	}
}
