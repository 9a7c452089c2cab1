package engine

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// offering is an app that sends offers and takes no answer.
func (w *world) offering(app *App) *signal.Client {
	w.t.Helper()
	server, err := signal.ParseServer(app.config.Server)
	w.must(err)
	client, err := signal.New(signal.Config{
		Server: server, Role: signal.App, Key: app.identity.Key, Dial: w.dialServer,
		Known: func(string) bool { return true }, OnMessage: func(*signal.Message) {}, Log: slog.New(slog.DiscardHandler),
	})
	w.must(err)
	w.t.Cleanup(func() { client.Close() })
	time.Sleep(time.Second)
	return client
}

// TestOnePairedAppShutsNobodyOut: whatever a paired app offers, another one, and one
// that comes with the ticket for the first time, connect meanwhile.
func TestOnePairedAppShutsNobodyOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		crowd := w.crowd(2)
		p := w.pair(w.home(public), w.home(portRestricted), nil) // nobody can knock there
		others := w.apps(crowd)
		friend, guest := others[0], others[1]
		for _, app := range []*App{p.app, friend} {
			s, err := p.connectAs(app, p.device.Ticket(), 0)
			w.must(err)
			s.Close()
		}
		attacker := w.offering(p.app)
		for i := range 200 {
			w.must(attacker.Send(signal.Device, p.device.ID(), &signal.Message{
				Kind: signal.Offer, Attempt: fmt.Sprint(i), Ufrag: "ufrag", Pwd: strings.Repeat("p", 22),
				Candidates: []signal.Candidate{{Type: signal.Host, Address: netip.MustParseAddrPort("203.0.113.250:9")}},
			}))
			time.Sleep(5 * time.Millisecond) // the server reads who sends too fast more slowly
		}
		time.Sleep(time.Second)
		if n := len(p.device.attemptsNow()); n < 20 {
			t.Errorf("only %d of the offers are worked on", n)
		}
		for name, c := range map[string]struct {
			app *App
			to  string
		}{"a friend": {friend, p.device.ID()}, "a guest": {guest, p.device.Ticket()}} {
			if _, err := p.connectAs(c.app, c.to, 2*time.Second); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestOneAttemptOfManyApps: apps that give their attempts the same name do not take
// each other's places, nor more of them than there are.
func TestOneAttemptOfManyApps(t *testing.T) {
	var running negotiations
	places := limit.Shares[string]{Most: 4}
	var all []*paths.Negotiation
	for _, app := range []string{"one", "other", "one", "third", "fourth", "fifth", "sixth"} {
		n := &paths.Negotiation{Terms: paths.Terms{PeerID: app, ID: "the same"}}
		if running.add(n, nil, &places) == nil {
			all = append(all, n)
		}
	}
	if len(all) != 4 || len(running.all) != 4 {
		t.Errorf("%d run, %d are known", len(all), len(running.all))
	}
	for _, n := range all {
		if running.of(n.PeerID, n.ID).Negotiation != n {
			t.Errorf("%s has lost its negotiation", n.PeerID)
		}
		running.remove(n)
	}
	if len(running.all) != 0 || places.Taken() != 0 {
		t.Errorf("%d negotiations and %d places are left", len(running.all), places.Taken())
	}
}

// An app of a gateway may open many sessions at once: what has to wait does not wait
// long.
func TestManySessionsOfOneAppAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const many = 60
		p := w.pair(w.home(public), w.home(public), nil)
		first, _ := p.connect(0)
		first.Close()
		time.Sleep(time.Second)
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				if _, err := p.connectAs(p.app, p.device.ID(), 5*time.Second); err != nil {
					t.Errorf("session %d: %v", i, err)
				}
			})
		}
		all.Wait()
	})
}

// TestOneAppDoesNotHaveAllSessions: over its limit, an app is told that the device is
// full, and others connect.
func TestOneAppDoesNotHaveAllSessions(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const each = 3
		crowd := w.crowd(1)
		p := w.pair(w.home(public), w.home(public), func(_, device *Config) {
			device.MaxSessions, device.MaxSessionsPerApp = 2*each, each
		})
		other := w.apps(crowd)[0]
		connect := func(app *App, many int) (sessions []*Session) {
			var mu sync.Mutex
			var all sync.WaitGroup
			for range many {
				all.Go(func() {
					s, err := p.connectAs(app, p.device.Ticket(), 5*time.Second)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						sessions = append(sessions, s)
					} else if CodeOf(err) != ErrDeviceFull {
						t.Error(err)
					}
				})
			}
			all.Wait()
			return sessions
		}
		greedy := connect(p.app, 4*each) // all at once
		if len(greedy) != each {
			t.Fatalf("one app has %d sessions, want %d", len(greedy), each)
		}
		if got := len(connect(other, each)); got != each {
			t.Errorf("another one has %d", got)
		}
		greedy[0].Close()
		time.Sleep(time.Second)
		if got := len(connect(p.app, 2)); got != 1 {
			t.Errorf("in place of one that has ended, it gets %d", got)
		}
		p.wantNothingReserved(t)
	})
}

// TestSearchesOfASessionCostNothingLater: an app may look for better paths again and
// again, and what has ended is forgotten.
func TestSearchesOfASessionCostNothingLater(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(portRestricted), nil)
		app, device := p.connect(0)
		searching := w.offering(p.app)
		searches := &device.way.(*follower).searches
		for round := range 3 {
			for i := range 20 {
				w.must(searching.Send(signal.Device, p.device.ID(), &signal.Message{
					Kind: signal.Offer, Attempt: fmt.Sprintf("%d-%d", round, i), Trace: app.about.traceID, Ufrag: "ufrag", Pwd: strings.Repeat("p", 22),
				}))
			}
			time.Sleep(time.Second)
			searches.mu.Lock()
			if n := len(searches.all); n < 10 {
				t.Errorf("only %d searches are under way", n)
			}
			searches.mu.Unlock()
			time.Sleep(base.NegotiationTime)
		}
		searches.mu.Lock()
		defer searches.mu.Unlock()
		if n := len(searches.all); n > 0 {
			t.Errorf("%d searches are remembered that have ended", n)
		}
	})
}

// wantNothingReserved gives admissions that were refused, or that say nothing, the time to go.
func (p vpair) wantNothingReserved(t *testing.T) {
	t.Helper()
	var sessions, admissions int
	for range (helloTime + verdictTime) / time.Second {
		time.Sleep(time.Second)
		p.device.mu.Lock()
		sessions, admissions = p.device.reserved(), len(p.device.admissions.all)
		p.device.mu.Unlock()
		if sessions == 0 && admissions == 0 {
			return
		}
	}
	t.Errorf("%d sessions are reserved, %d admissions", sessions, admissions)
}
