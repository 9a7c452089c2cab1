package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

// Bounds of a connect with the connection to the server up: 40 ms RTT between
// the two, 20 ms from each to the server.
const (
	directBound = 160 * time.Millisecond
	relayBound  = 260 * time.Millisecond
)

func TestEveryPairOfNATsConnects(t *testing.T) {
	kinds := []*nat{public, fullCone, restrictedCone, portRestricted, symmetric}
	for _, here := range kinds {
		for _, there := range kinds {
			t.Run(fmt.Sprintf("%v to %v", here, there), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(here), w.home(there), nil)
					app, device := p.connect(0)
					want, bound := PathDirect, directBound
					if mustRelay(here, there) {
						want, bound = PathRelay, relayBound
					}
					if took := app.about.connectTime; took > bound {
						t.Errorf("connecting took %v, want %v at most", took, bound)
					}
					if _, err := p.device.Accept(0); err != ErrTimeout {
						t.Errorf("one connect made two sessions: %v", err)
					}
					w.must(exchange(app, device))
					// Behind some NATs the direct path and the relay are found
					// at the same moment, and either may win.
					time.Sleep(time.Second)
					checkPath(t, app, device, want)
					w.must(exchange(app, device))
				})
			})
		}
	}
}

// mustRelay reports whether no packet could pass between two such NATs: a
// symmetric one sends from a port that nobody knows before, and the other lets
// only known ports in.
func mustRelay(a, b *nat) bool {
	known := func(n *nat) bool { return n == portRestricted || n == symmetric }
	return a == symmetric && known(b) || b == symmetric && known(a)
}

func checkPath(t *testing.T, app, device *Session, want Path) {
	t.Helper()
	if r := app.way.where(); r.kind != want {
		t.Errorf("the app's path is %v (%v), want %v", r.kind, r.remote, want)
	}
	if r := device.way.where(); r.kind != want {
		t.Errorf("the device's path is %v (%v), want %v", r.kind, r.remote, want)
	}
}

func TestBehindOneNAT(t *testing.T) {
	for _, kind := range []*nat{fullCone, symmetric} {
		t.Run(kind.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				h := w.home(kind)
				p := w.pair(h, h, nil)
				app, device := p.connect(0)
				w.must(exchange(app, device))
				checkPath(t, app, device, PathLAN)
			})
		})
	}
}

func TestRelayPolicies(t *testing.T) {
	t.Run("only, of the app", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			p := w.pair(w.home(public), w.home(public), func(app, _ *Config) { app.Relay = RelayOnly })
			app, device := p.connect(0)
			w.must(exchange(app, device))
			time.Sleep(time.Minute) // it does not look for anything better
			checkPath(t, app, device, PathRelay)
			w.must(exchange(app, device))
		})
	})
	t.Run("only, of the device", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			p := w.pair(w.home(fullCone), w.home(symmetric), func(_, device *Config) { device.Relay = RelayOnly })
			app, device := p.connect(0)
			w.must(exchange(app, device))
			checkPath(t, app, device, PathRelay)
		})
	})
	t.Run("never, with a way", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			p := w.pair(w.home(symmetric), w.home(restrictedCone), func(app, device *Config) {
				app.Relay, device.Relay = RelayNever, RelayNever
			})
			app, device := p.connect(0)
			w.must(exchange(app, device))
			checkPath(t, app, device, PathDirect)
		})
	})
	t.Run("never, without a way", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			p := w.pair(w.home(symmetric), w.home(symmetric), func(app, device *Config) {
				app.Relay, device.Relay = RelayNever, RelayNever
			})
			p.wantFailure(t, ErrNoRelay, 3*time.Second)
		})
	})
}

func TestManyAppsAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const many = 12
		kinds := []*nat{public, fullCone, portRestricted, symmetric}
		configs := make([]Config, many)
		for i := range configs { // before the network starts
			configs[i] = w.home(kinds[i%len(kinds)]).config(fmt.Sprint("app ", i))
			configs[i].UID = fmt.Sprint(i)
		}
		p := w.pair(w.home(fullCone), w.home(portRestricted), func(_, device *Config) { device.MaxSessions = many })
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		apps := make([]*App, many)
		for i := range apps {
			apps[i], err = NewApp(configs[i])
			w.must(err)
			t.Cleanup(func() { apps[i].Close() })
		}
		time.Sleep(time.Second)
		sessions := make([]*Session, many)
		var all sync.WaitGroup
		for i, app := range apps {
			all.Go(func() {
				var err error
				if sessions[i], err = connectIn(app, target, ModeInternet, 0); err != nil {
					t.Errorf("app %d: %v", i, err)
				}
			})
		}
		all.Wait()
		byUID := map[string]*Session{}
		for range many {
			s, err := p.device.Accept(time.Second)
			w.must(err)
			byUID[s.Peer().UID] = s
		}
		for i, s := range sessions {
			all.Go(func() {
				if err := exchange(s, byUID[fmt.Sprint(i)]); err != nil {
					t.Errorf("app %d: %v", i, err)
				}
			})
		}
		all.Wait()
		p.wantFailure(t, ErrDeviceFull, time.Second)
	})
}

// wantFailure connects with timeout, which must end with code, and not late.
func (p vpair) wantFailure(t *testing.T, code Code, timeout time.Duration) (took time.Duration) {
	t.Helper()
	target, err := p.app.Resolve(p.device.Ticket())
	p.world.must(err)
	started := time.Now()
	_, err = connectIn(p.app, target, ModeInternet, timeout)
	if !errors.Is(err, code) {
		t.Errorf("connect: %v, want %s", err, code.Name())
	}
	if took = time.Since(started); took > timeout+100*time.Millisecond {
		t.Errorf("that took %v of %v", took, timeout)
	}
	return took
}

func TestNoUDP(t *testing.T) {
	// The virtual network has no TCP, so nothing is left.
	inWorld(t, func(t *testing.T, w *world) {
		w.drop(everything)
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		p.wantFailure(t, ErrNoRelay, 5*time.Second)
		w.drop(nil)
		app, device := p.connect(0)
		w.must(exchange(app, device))
	})
}

func TestOfflineDeviceFailsFast(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		p.device.Close()
		if took := p.wantFailure(t, ErrDeviceNotOnline, 15*time.Second); took > 600*time.Millisecond { // what its ticket's address may take
			t.Errorf("that took %v", took)
		}
	})
}

// The NAT has forgotten the device since it learned its address: the address
// in its first answer is wrong.
func TestDeviceWhoseMappingExpired(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		time.Sleep(5 * time.Minute)
		app, device := p.connect(0)
		w.must(exchange(app, device))
		time.Sleep(time.Second)
		checkPath(t, app, device, PathDirect)
		if took := app.about.connectTime; took > relayBound {
			t.Errorf("connecting took %v", took)
		}
	})
}

func TestConnectWithPacketLoss(t *testing.T) {
	const loss = 0.1
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.drop(randomLoss(seed, loss))
				kinds := [][2]*nat{{portRestricted, portRestricted}, {public, symmetric}, {fullCone, restrictedCone}, {symmetric, symmetric}}
				kind := kinds[seed%uint64(len(kinds))]
				p := w.pair(w.home(kind[0]), w.home(kind[1]), nil)
				app, device := p.connect(0)
				// Now and then a handshake gets no answer and is tried again after 3 s.
				if took := app.about.connectTime; took > 10*time.Second {
					t.Errorf("connecting took %v", took)
				}
				w.must(exchange(app, device))
			})
		})
	}
}

// randomLoss drops packets with a probability.
func randomLoss(seed uint64, probability float64) func(vnet.Chunk) bool {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 0))
	return func(vnet.Chunk) bool {
		mu.Lock()
		defer mu.Unlock()
		return random.Float64() < probability
	}
}
