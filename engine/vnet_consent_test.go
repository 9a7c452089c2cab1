package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// asked counts questions to an authorizer, by what the app is.
type asked struct {
	mu     sync.Mutex
	all    []Peer
	now    map[int]int // questions that are being thought about, by line
	crowds bool        // two of one line were, at the same time
}

// authorizer answers OK after thinking.
func (a *asked) authorizer(think func(Peer) time.Duration) func(Peer) Code {
	a.now = make(map[int]int)
	return func(peer Peer) Code {
		a.mu.Lock()
		a.all = append(a.all, peer)
		a.now[lineOf(peer)]++
		a.crowds = a.crowds || a.now[lineOf(peer)] > 1
		a.mu.Unlock()
		time.Sleep(think(peer))
		a.mu.Lock()
		defer a.mu.Unlock()
		a.now[lineOf(peer)]--
		return OK
	}
}

func (a *asked) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.all)
}

// crowd is homes for more apps; the world must not run yet.
func (w *world) crowd(n int) []Config {
	configs := make([]Config, n)
	for i := range configs {
		configs[i] = w.home(public).config("one of many")
		configs[i].UID = "user"
	}
	return configs
}

// apps starts them.
func (w *world) apps(configs []Config) []*App {
	w.t.Helper()
	var apps []*App
	for _, c := range configs {
		app, err := NewApp(c)
		w.must(err)
		w.t.Cleanup(func() { app.Close() })
		apps = append(apps, app)
	}
	time.Sleep(time.Second)
	return apps
}

func (p vpair) connectAs(app *App, to string, timeout time.Duration) (*Session, error) {
	p.world.t.Helper()
	target, err := app.Resolve(to)
	p.world.must(err)
	return connectIn(app, target, ModeInternet, timeout)
}

func askStrangers(_, device *Config) { device.Strangers = StrangersAsk }

func slowly(d time.Duration) func(Peer) time.Duration { return func(Peer) time.Duration { return d } }

// TestConsentMayTakeAsLongAsTheAppWaits: the user of a doorbell has to find the
// phone.
func TestConsentMayTakeAsLongAsTheAppWaits(t *testing.T) {
	for _, kind := range []*nat{public, symmetric} { // a direct path, a relay
		for to, name := range map[bool]string{false: "a stranger", true: "with the ticket"} {
			t.Run(fmt.Sprintf("%v, %s", kind, name), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(kind), w.home(kind), askStrangers)
					var a asked
					p.device.SetAuthorizer(a.authorizer(slowly(50 * time.Second)))
					target := p.device.ID()
					if to {
						target = p.device.Ticket()
					}
					s, err := p.connectAs(p.app, target, time.Minute)
					w.must(err)
					device, err := p.device.Accept(time.Second)
					w.must(err)
					w.must(exchange(s, device))
					if n := a.count(); n != 1 {
						t.Errorf("asked %d times", n)
					}
				})
			})
		}
	}
}

// TestStrangersKeepNobodyOut: while the authorizer thinks about strangers, and also
// about those with the ticket, a paired app connects at once.
func TestStrangersKeepNobodyOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const strangers, guests = 3, 3
		crowd := w.crowd(strangers + guests)
		p := w.pair(w.home(public), w.home(public), askStrangers)
		first, _ := p.connect(0)
		first.Close()
		var a asked
		p.device.SetAuthorizer(a.authorizer(func(peer Peer) time.Duration {
			if peer.Paired {
				return 0
			}
			return time.Minute
		}))
		var waiting sync.WaitGroup
		for n, app := range w.apps(crowd) {
			target := p.device.ID()
			if n >= strangers {
				target = p.device.Ticket()
			}
			waiting.Go(func() { p.connectAs(app, target, 30*time.Second) })
		}
		time.Sleep(5 * time.Second) // all of them have arrived by now
		for range 3 {
			start := time.Now()
			s, err := p.connectAs(p.app, p.device.ID(), 5*time.Second)
			w.must(err)
			if took := time.Since(start); took > time.Second {
				t.Errorf("the owner waited %v", took)
			}
			s.Close()
		}
		waiting.Wait()
		if a.crowds {
			t.Error("two questions of one kind at the same time")
		}
	})
}

// TestOneStrangerOneQuestion: however often a stranger comes, its user is asked
// about once, and a yes is good for all of it.
func TestOneStrangerOneQuestion(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(public), askStrangers)
		var a asked
		p.device.SetAuthorizer(a.authorizer(slowly(10 * time.Second)))
		var let atomic.Int32
		var coming sync.WaitGroup
		if _, err := p.connectAs(p.app, p.device.ID(), 3*time.Second); CodeOf(err) != ErrTimeout {
			t.Errorf("an app that gave up: %v", err)
		}
		for range 5 {
			coming.Go(func() {
				if _, err := p.connectAs(p.app, p.device.ID(), 30*time.Second); err == nil {
					let.Add(1)
				}
			})
		}
		coming.Wait()
		if let.Load() != 5 || a.count() != 1 {
			t.Errorf("%d of 5 let in, asked %d times", let.Load(), a.count())
		}
	})
}

// TestNobodyIsAskedAboutWhoHasLeft.
func TestNobodyIsAskedAboutWhoHasLeft(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		crowd := w.crowd(2)
		p := w.pair(w.home(public), w.home(public), askStrangers)
		others := w.apps(crowd)
		gone, last := others[0], others[1]
		var a asked
		p.device.SetAuthorizer(a.authorizer(slowly(10 * time.Second)))
		var coming sync.WaitGroup
		coming.Go(func() { p.connectAs(p.app, p.device.ID(), 30*time.Second) })
		time.Sleep(time.Second)
		coming.Go(func() { p.connectAs(gone, p.device.ID(), 3*time.Second) })
		coming.Go(func() { p.connectAs(last, p.device.ID(), 30*time.Second) })
		coming.Wait()
		if n := a.count(); n != 2 {
			t.Errorf("asked about %d apps", n)
		}
		for _, peer := range a.all {
			if peer.AppID == gone.identity.ID {
				t.Error("asked about an app that had left")
			}
		}
	})
}

// TestConsentRestsOnWhatIsTrueThen: a ticket that is reset, and an app that is
// unpaired, while the authorizer thinks, let nobody in.
func TestConsentRestsOnWhatIsTrueThen(t *testing.T) {
	for _, test := range []struct {
		name   string
		paired bool
		change func(d *Device, peer Peer) error
	}{
		{"reset ticket", false, func(d *Device, _ Peer) error { return d.ResetTicket() }},
		{"unpaired", true, func(d *Device, peer Peer) error { return d.Unpair(peer.AppID) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(public), w.home(public), nil)
				target := p.device.Ticket()
				if test.paired {
					s, _ := p.connect(0)
					s.Close()
					target = p.device.ID()
				}
				p.device.SetAuthorizer(func(peer Peer) Code {
					if !peer.Paired && !peer.HasTicket {
						return ErrAuth // it comes again, as a stranger
					}
					w.must(test.change(p.device, peer))
					return OK
				})
				if s, err := p.connectAs(p.app, target, 5*time.Second); err == nil {
					s.Close()
					t.Error("let in")
				}
				if left := p.device.Pairings(); len(left) != 0 {
					t.Errorf("paired: %+v", left)
				}
			})
		})
	}
}

// TestPanickingAuthorizerIsAFault: it costs the attempt, and the next one is asked.
func TestPanickingAuthorizerIsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, logger := faultlog.New()
		c := consent{workers: &panics.Group{Guard: panics.Guard{Log: logger}}}
		c.set(func(Peer) Code { panic("a fault of the host's") })
		for range 2 {
			if asked, code := c.ask(t.Context(), Peer{AppID: "app"}); !asked || code != ErrInternal {
				t.Errorf("%v, %v", asked, code)
			}
		}
		c.workers.Wait()
		log.Want(t, "a fault of the host's")
	})
}

// TestConsentIsBounded: more strangers than can wait are told that the device is
// busy.
func TestConsentIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := consent{workers: &panics.Group{Guard: panics.Guard{Log: quiet}}}
		answer := make(chan Code)
		c.set(func(Peer) Code { return <-answer })
		var busy, accepted atomic.Int32
		var all sync.WaitGroup
		const extra = 10
		for n := range 1 + maxQuestions + extra {
			all.Go(func() {
				switch _, code := c.ask(t.Context(), Peer{AppID: fmt.Sprint(n)}); code {
				case OK:
					accepted.Add(1)
				case ErrDeviceBusy:
					busy.Add(1)
				}
			})
			synctest.Wait()
		}
		close(answer) // each gets OK
		all.Wait()
		if busy.Load() != extra || accepted.Load() != 1+maxQuestions {
			t.Errorf("%d accepted, %d told that it is busy", accepted.Load(), busy.Load())
		}
		c.workers.Wait()
	})
}
