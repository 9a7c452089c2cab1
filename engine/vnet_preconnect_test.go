package engine

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

const roundTrip = 4 * access

// parkedNow are the connections that a device keeps parked.
func (d *Device) parkedNow() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range d.admissions.all {
		if a.parked {
			n++
		}
	}
	return n
}

// TestPreconnect: nobody at the device hears of it, and the connect that follows asks
// its user, and takes one round trip; the one after that is as all are.
func TestPreconnect(t *testing.T) {
	for name, kinds := range map[string][2]*nat{"direct": {portRestricted, portRestricted}, "relay": {symmetric, symmetric}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(kinds[0]), w.home(kinds[1]), nil)
				var asked atomic.Int32
				p.device.SetAuthorizer(func(Peer) Code { asked.Add(1); return OK })
				target, err := p.app.Resolve(p.device.Ticket())
				w.must(err)
				w.must(p.app.Preconnect(target))
				time.Sleep(3 * time.Second)
				if _, err := p.device.Accept(0); err != ErrTimeout || asked.Load() != 0 || p.device.Status().Sessions != 0 {
					t.Errorf("somebody has heard of it: %v, %d asked", err, asked.Load())
				}
				if n := p.device.parkedNow(); n != 1 {
					t.Fatalf("%d connections are parked", n)
				}
				time.Sleep(time.Minute)
				app, device := p.connect(0)
				most := roundTrip + 5*time.Millisecond
				if kinds[0] == symmetric {
					most += roundTrip // the relay's
				}
				if took := app.about.connectTime; took > most {
					t.Errorf("connecting took %v", took)
				}
				if asked.Load() != 1 || device.Peer().TraceID != app.about.traceID {
					t.Errorf("%d asked; %+v", asked.Load(), device.Peer())
				}
				w.must(exchange(app, device))
				second, _ := p.connect(0)
				if took := second.about.connectTime; took <= roundTrip+5*time.Millisecond {
					t.Errorf("it was used twice: %v", took)
				}
				p.wantNothingReserved(t)
			})
		})
	}
}

// TestPreconnectEnds: after its time, unless that is renewed, or when it is closed, or
// when the app is unpaired; and in silence.
func TestPreconnectEnds(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(fullCone), nil)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		parked := func(when string, want int) {
			t.Helper()
			if n := p.device.parkedNow(); n != want {
				t.Errorf("%s: %d connections are parked, want %d", when, n, want)
			}
		}
		w.must(p.app.Preconnect(target))
		time.Sleep(preconnectTime - 30*time.Second)
		parked("shortly before", 1)
		w.must(p.app.Preconnect(target))
		time.Sleep(preconnectTime - 30*time.Second)
		parked("shortly before the second end", 1)
		time.Sleep(time.Minute)
		parked("after it", 0)
		app, _ := p.connect(0)
		app.Close()

		w.must(p.app.Preconnect(target))
		time.Sleep(2 * time.Second)
		parked("again", 1)
		p.app.ClosePreconnect(target)
		time.Sleep(2 * time.Second)
		parked("closed", 0)
		p.app.ClosePreconnect(target)

		w.must(p.app.Preconnect(target))
		time.Sleep(2 * time.Second)
		w.must(p.device.Unpair(p.app.identity.ID))
		time.Sleep(time.Second)
		parked("unpaired", 0)
		p.wantNothingReserved(t)
	})
}

// TestPreconnectOnAPathThatDies: the connect is then as without it.
func TestPreconnectOnAPathThatDies(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		w.must(p.app.Preconnect(target))
		time.Sleep(3 * time.Second)
		w.drop(between(p.appHome, p.deviceHome))
		app, device := p.connect(0)
		if took := app.about.connectTime; took > silentTooLong+2*time.Second {
			t.Errorf("connecting took %v", took)
		}
		w.must(exchange(app, device))
		checkPath(t, app, device, PathRelay)
		w.drop(nil)

		w.must(p.app.Preconnect(target))
		time.Sleep(3 * time.Second)
		p.app.NetworkChanged()
		time.Sleep(3 * time.Second)
		app, device = p.connect(0)
		if took := app.about.connectTime; took > roundTrip+5*time.Millisecond {
			t.Errorf("after a change of the network connecting took %v", took)
		}
		w.must(exchange(app, device))
	})
}

// TestParkedThatAnswersLate: the device has made a session, of which the app does not hear in time. It takes the offers that
// follow all the same, though they have the name of one that has ended.
func TestParkedThatAnswersLate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(portRestricted), nil)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		w.must(p.app.Preconnect(target))
		time.Sleep(3 * time.Second)
		begun := time.Now()
		w.drop(func(c vnet.Chunk) bool {
			return time.Since(begun) < 500*time.Millisecond && c.SourceAddr().(*net.UDPAddr).IP.String() == p.deviceHome.publicIP
		})
		app, err := connectIn(p.app, target, ModeInternet, 0)
		w.must(err)
		if took := app.about.connectTime; took > 2*time.Second {
			t.Errorf("connecting took %v", took)
		}
	})
}

// TestPreconnectionsAreFew: at the app, and at the device of each app and of all; and
// who has no right to connect has none.
func TestPreconnectionsAreFew(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(public), nil)
		for i := range maxPreconnections {
			w.must(p.app.Preconnect(&Target{deviceID: testIdentity(byte(i + 1)).ID, server: "mqtt://server.test"}))
		}
		target, err := p.app.Resolve(p.device.ID())
		w.must(err)
		if err := p.app.Preconnect(target); err != ErrSessionLimit {
			t.Errorf("one too many: %v", err)
		}
		one := &Target{deviceID: testIdentity(1).ID}
		w.must(p.app.Preconnect(one))
		p.app.ClosePreconnect(one)
		w.must(p.app.Preconnect(target))
		time.Sleep(5 * time.Second)
		if n := p.device.parkedNow(); n != 0 {
			t.Errorf("a stranger has parked %d", n)
		}
		if p.app.preconnectionsNow() != maxPreconnections-1 {
			t.Errorf("%d preconnections are left", p.app.preconnectionsNow())
		}
		app, _ := p.connect(0) // with the ticket
		app.Close()
		ended := make(chan error, 2*maxParkedPerApp)
		for range cap(ended) {
			c := &preconnection{app: p.app, to: target, ctx: t.Context()}
			go func() {
				won, err := c.find(&attempt{app: p.app, to: target, traceID: NewTraceID(), again: make(chan struct{}, 1), parks: true})
				ended <- err
				if err == nil {
					time.Sleep(10 * time.Second)
					won.carrier.close()
				}
			}()
		}
		failed := 0
		for range cap(ended) {
			if <-ended != nil {
				failed++
			}
		}
		if n := p.device.parkedNow(); n != maxParkedPerApp || failed != cap(ended)-maxParkedPerApp {
			t.Errorf("one app has parked %d, and %d failed", n, failed)
		}
		time.Sleep(11 * time.Second)
		p.wantNothingReserved(t)
	})
}

func (a *App) preconnectionsNow() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.preconnections)
}

// TestParkedAreFewAndKeepNobodyOut: the places are for all apps together, and no
// admission waits for one.
func TestParkedAreFewAndKeepNobodyOut(t *testing.T) {
	d, err := NewDevice(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i := range maxParked {
		a := &admission{appID: fmt.Sprint(i / maxParkedPerApp)}
		if !d.begin(a) || !d.beginParking(a) {
			t.Fatalf("no room for %d", i)
		}
	}
	last := &admission{appID: "last"}
	if !d.begin(last) || d.beginParking(last) || !d.hasSpoken(last) {
		t.Error("one too many is parked")
	}
	for i := range maxAdmittingOthers - 1 {
		a := &admission{network: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})}
		if !d.begin(a) || !d.hasSpoken(a) {
			t.Fatalf("those who are parked keep out who comes as number %d", i)
		}
	}
	for _, a := range d.admissions.all {
		if a.parked && d.endParking(a) {
			t.Fatal("who was parked comes in when there is no room")
		}
	}
	d.admissions = newAdmissions()
}

// TestPreconnectGoesByTheLatestTicket, also while it is under way.
func TestPreconnectGoesByTheLatestTicket(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(public), nil)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		w.drop(func(vnet.Chunk) bool { return true })
		w.must(p.app.Preconnect(target))
		time.Sleep(time.Second)
		w.must(p.device.ResetTicket())
		renewed, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		w.must(p.app.Preconnect(renewed))
		w.drop(nil)
		time.Sleep(preconnectTry + 2*preconnectPause)
		if n := p.device.parkedNow(); n != 1 {
			t.Errorf("%d connections are parked", n)
		}
	})
}
