package engine

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
)

// special are addresses to which nothing may go, whoever names them: test hosts are
// in 192.168.1.0/24. A message with one that is multicast is refused whole.
var (
	special = []string{
		"127.0.0.1:9", "127.9.9.9:9", "0.0.0.5:9", "255.255.255.255:9", "240.0.0.1:9", "192.0.0.8:9", "192.88.99.1:9",
		"169.254.169.254:9", "192.168.1.255:9", "192.168.1.0:9",
	}
	multicast = []string{"224.0.0.251:5353", "239.255.255.250:1900"}
)

// unseen is the id of a device that nobody has seen.
func unseen(n int) string { return testIdentity(byte(100 + n)).ID }

// TestNothingGoesToSpecialAddresses, whoever names them: the peer in any of its
// messages, a ticket, the caller, or what was remembered.
func TestNothingGoesToSpecialAddresses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		counted := new(countedNet)
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, _ *Config) {
			counted.Net, app.network = app.network.Pion(), twin.Network{Net: counted}
			app.Relay = RelayNever
		})
		honest := "203.0.113.99:9"
		all := slices.Concat(special, multicast)

		target, err := p.app.Resolve(p.device.ID())
		w.must(err)
		for _, address := range all {
			if err := p.app.AddAddress(target, address); CodeOf(err) != ErrInvalidParameter {
				t.Errorf("told of %s: %v", address, err)
			}
		}
		w.must(p.app.AddAddress(target, honest))

		connect := func(to *Target, meanwhile func(attempt string)) map[netip.AddrPort]bool {
			t.Helper()
			counted.take()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				connectIn(p.app, to, ModeInternet, 3*time.Second)
			}()
			for range 4 { // the app may be between two connections to the server
				time.Sleep(500 * time.Millisecond)
				for attempt := range p.app.attemptsNow() {
					meanwhile(attempt)
				}
			}
			<-ended
			time.Sleep(base.NegotiationTime)
			reached := map[netip.AddrPort]bool{}
			for _, s := range counted.take() {
				reached[s.to] = true
			}
			for _, address := range all {
				if reached[netip.MustParseAddrPort(address)] {
					t.Errorf("a packet to %s", address)
				}
			}
			return reached
		}
		none := func(string) {}

		// Where a ticket says, and where it was told.
		for i := range all {
			hints := []netip.AddrPort{netip.MustParseAddrPort(all[i]), netip.MustParseAddrPort("203.0.113.98:9")}
			of, err := p.app.Resolve(names.Ticket{DeviceID: unseen(i), Hints: hints}.String())
			w.must(err)
			if reached := connect(of, none); !reached[hints[1]] {
				t.Error("a ticket's other address is not tried")
			}
		}
		w.drop(between(p.appHome, p.deviceHome))
		if reached := connect(target, none); !reached[netip.MustParseAddrPort(honest)] {
			t.Error("the address that it was told of is not tried")
		}

		// Where it is said to have been.
		for i := range all {
			id := unseen(50 + i)
			w.must(p.app.state.Reached(id, netip.MustParseAddrPort(all[i])))
			of, err := p.app.Resolve(id)
			w.must(err)
			connect(of, none)
			p.app.nearby.reached(p.device.ID(), netip.MustParseAddrPort(all[i]))
		}
		time.Sleep(time.Second)
		if last, known := p.app.state.Place(p.device.ID()); known {
			t.Errorf("%v is remembered", last)
		}

		// What the device says, when it is a hostile one.
		target, err = p.app.Resolve(p.device.Ticket())
		w.must(err)
		for _, kind := range []string{"answer", "candidates"} {
			hostile := cannoneer{world: w, key: p.device.identity.Key}
			reached := connect(target, func(attempt string) {
				hostile.attempt = attempt
				for _, others := range [][]string{special, multicast} {
					hostile.sayTo("t2p/1/a/"+p.app.identity.ID+"/rx", p.app.identity.ID, kind, append([]string{"203.0.113.97:9"}, others...)...)
				}
			})
			if !reached[netip.MustParseAddrPort("203.0.113.97:9")] {
				t.Errorf("%s: the honest candidate is not tried", kind)
			}
		}
	})
}
