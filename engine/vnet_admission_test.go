package engine

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// Tests of servers that give relays only to devices that they know and to their
// apps: between symmetric NATs nothing but a relay connects.

// knownIDs are those that such a server knows.
type knownIDs struct {
	mu    sync.Mutex
	ids   map[string]bool
	asked []rendezvous.Applicant
}

func (k *knownIDs) add(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids[id] = true
}

func (k *knownIDs) Admit(_ context.Context, who rendezvous.Applicant) (account string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, who)
	for _, id := range append([]string{who.ID}, who.Devices...) {
		if k.ids[id] {
			return id, nil
		}
	}
	return "", nil
}

// applications are how often somebody has logged in since the last call, or was
// looked at again.
func (k *knownIDs) applications(id string) (all []rendezvous.Applicant) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range k.asked {
		if a.ID == id {
			all = append(all, a)
		}
	}
	k.asked = nil
	return all
}

// picky starts such a server, and returns what makes endpoints use it.
func (w *world) picky(refuseOthers bool) (known *knownIDs, use func(app, device *Config)) {
	w.t.Helper()
	known = &knownIDs{ids: make(map[string]bool)}
	return known, w.server(rendezvous.Config{Admit: known, RefuseOthers: refuseOthers})
}

// server starts a second server, a whole one, and returns what makes endpoints use
// it.
func (w *world) server(config rendezvous.Config) (use func(app, device *Config)) {
	w.t.Helper()
	const ip = "203.0.113.2"
	config.TURN, config.PublicIP, config.Net, config.Names = net.JoinHostPort(ip, turnPort), netip.MustParseAddr(ip), w.host(w.wan, ip), []string{"server.test"}
	server, err := rendezvous.Start(w.t.Context(), config)
	w.must(err)
	w.t.Cleanup(func() { server.Close() })
	dial := func() (net.Conn, error) { return w.dialTo(server.ServeMQTT) }
	return func(app, device *Config) { app.dialServer, device.dialServer = dial, dial }
}

// TestRelaysAreForAppsOfKnownDevices: an app that comes with a ticket for the first
// time, too, and one that is paired at once.
func TestRelaysAreForAppsOfKnownDevices(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		known, use := w.picky(false)
		dir := t.TempDir()
		p := w.pair(w.home(symmetric), w.home(symmetric), func(app, device *Config) {
			use(app, device)
			app.StateDir = dir
		})
		connect := func(when string, text string, timeout time.Duration) error {
			t.Helper()
			target, err := p.app.Resolve(text)
			w.must(err)
			s, err := connectIn(p.app, target, ModeInternet, timeout)
			if err != nil {
				return err
			}
			if path := s.Info().Path; path != PathRelay {
				t.Errorf("%s: the path is %v", when, path)
			}
			device, err := p.device.Accept(time.Second)
			w.must(err)
			w.must(exchange(s, device))
			return s.Close()
		}
		if err := connect("nobody is known", p.device.Ticket(), 5*time.Second); CodeOf(err) != ErrNoRelay {
			t.Fatalf("while the device is not known: %v", err)
		}
		known.add(p.device.ID())
		time.Sleep(time.Minute) // or the device would have relays only when it connects anew

		// Another app, that nobody has ever heard of.
		p.app.Close()
		w.must(connectFresh(w, &p, dir+"-fresh", use))
		known.applications("")
		began := time.Now()
		w.must(connect("the first time", p.device.Ticket(), 0))
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the first connect took %v", took)
		}
		if logins := known.applications(p.app.identity.ID); len(logins) != 1 || len(logins[0].Devices) != 1 || logins[0].Devices[0] != p.device.ID() {
			t.Errorf("the app has logged in as %v", logins)
		}
		began = time.Now()
		w.must(connect("again", p.device.ID(), 0))
		if took := time.Since(began); took > time.Second {
			t.Errorf("to connect again took %v", took)
		}
		if logins := known.applications(p.app.identity.ID); len(logins) != 0 {
			t.Errorf("the app has logged in as %v", logins)
		}

		// The next run of the same app shows what it has kept.
		p.app.Close()
		known.applications("")
		w.must(connectFresh(w, &p, dir+"-fresh", use))
		w.must(connect("in the next run", p.device.ID(), 0))
		if logins := known.applications(p.app.identity.ID); len(logins) != 1 || len(logins[0].Devices) != 1 {
			t.Errorf("the app has logged in as %v", logins)
		}
	})
}

// connectFresh puts an app with a state directory of its own in the place of p's.
func connectFresh(w *world, p *vpair, dir string, use func(app, device *Config)) error {
	config := p.appHome.config("app")
	config.UID, config.StateDir = "user", dir
	var unused Config
	use(&config, &unused)
	app, err := NewApp(config)
	if err != nil {
		return err
	}
	p.app = app
	w.t.Cleanup(func() { app.Close() })
	time.Sleep(time.Second)
	return nil
}

// TestARelayIsNotForStrangers: with a fresh key, and with a device that nobody knows,
// there is none.
func TestARelayIsNotForStrangers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		known, use := w.picky(false)
		known.add(strings.Repeat("a", 52)) // some other device
		p := w.pair(w.home(symmetric), w.home(symmetric), use)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		for range 2 { // the second time with a statement
			_, err := connectIn(p.app, target, ModeInternet, 0)
			if CodeOf(err) != ErrNoRelay || !strings.Contains(err.Error(), "give the device's id") {
				t.Errorf("connect: %v", err)
			}
		}
		// It has tried with the device's statement, once.
		logins := known.applications(p.app.identity.ID)
		shown := 0
		for _, l := range logins {
			shown += len(l.Devices)
		}
		if len(logins) < 2 || shown == 0 {
			t.Errorf("the app has logged in as %v", logins)
		}
	})
}

// TestAPairedAppIsLetIn: where others may not even signal, an app that was paired in
// the local network may.
func TestAPairedAppIsLetIn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		known, use := w.picky(true)
		here := w.home(symmetric)
		config := here.config("device")
		use(&Config{}, &config)
		device, err := NewDevice(config)
		w.must(err)
		t.Cleanup(func() { device.Close() })
		known.add(device.ID())
		w.must(w.wan.Start())
		w.started = true
		w.must(device.Listen())
		p := vpair{world: w, device: device, appHome: here, deviceHome: here}
		w.must(connectFresh(w, &p, t.TempDir(), use))
		time.Sleep(time.Minute)
		target, err := p.app.Resolve(device.Ticket())
		w.must(err)
		client, err := p.app.signals(target.server)
		w.must(err)
		if err := client.Err(); err == nil || !strings.Contains(err.Error(), "-admit") {
			t.Errorf("the app is not refused: %v", err)
		}
		app, err := connectIn(p.app, target, ModeLAN, 0)
		w.must(err)
		if path := app.Info().Path; path != PathLAN {
			t.Errorf("the path is %v", path)
		}
		time.Sleep(2 * time.Second)
		if err := client.Err(); err != nil {
			t.Errorf("the app is not let in: %v", err)
		}
	})
}
