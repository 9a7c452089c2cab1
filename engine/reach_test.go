package engine

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/transport/v2"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// listedNet is a network of which only the host's addresses are asked.
type listedNet struct {
	transport.Net
	addresses []string
}

func (n listedNet) Interfaces() ([]*transport.Interface, error) {
	i := transport.NewInterface(net.Interface{Name: "test"})
	for _, address := range n.addresses {
		p := netip.MustParsePrefix(address)
		i.AddAddress(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())})
	}
	return []*transport.Interface{i}, nil
}

func reachOf(servers signal.ICEServers, addresses ...string) reach {
	return reachOn(listedNet{nil, addresses}, servers)
}

func TestWhatMayBeAPeersAddress(t *testing.T) {
	var nowhere signal.ICEServers
	home := reachOf(nowhere, "127.0.0.1/8", "192.168.1.5/24", "10.1.2.2/31", "203.0.113.5/32", "fd00::5/64", "fe80::5/64")
	for address, want := range map[string]bool{
		"192.168.1.1:1": true, "192.168.2.255:1": true, "10.1.2.3:1": true, "10.1.2.255:1": true, "203.0.113.5:1": true,
		"8.8.8.8:53": true, "100.64.0.1:1": true, "[2001:db8::1]:1": true, "[fd00::1]:1": true, "[fe80::1%eth0]:1": true,
		"[fd00::ffff:ffff:ffff:ffff]:1": true,

		"192.168.1.1:0": false, "192.168.1.255:1": false, "192.168.1.0:1": false, "127.0.0.1:1": false, "[::1]:1": false,
		"169.254.169.254:80": false, "0.0.0.0:1": false, "0.1.2.3:1": false, "224.0.0.1:1": false, "255.255.255.255:1": false,
		"240.0.0.1:1": false, "192.0.0.8:1": false, "[::]:1": false, "[ff02::1%eth0]:1": false, "[fe80::1]:1": false,
		"[2001:db8::1%eth0]:1": false, "[::ffff:192.168.1.1]:1": false, "[64:ff9b::7f00:1]:1": false, "[2002:7f00:1::1]:1": false,
	} {
		if err := home.check(netip.MustParseAddrPort(address)); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if home.allows(netip.AddrPort{}) {
		t.Error("no address")
	}
	for name, test := range map[string]struct {
		from    reach
		address string
		want    bool
	}{
		"loopback, alone":               {reachOf(nowhere, "127.0.0.1/8", "::1/128", "fe80::1/64"), "127.0.0.1:1", true},
		"loopback, IPv6, alone":         {reachOf(nowhere, "127.0.0.1/8"), "[::1]:1", true},
		"loopback, not alone":           {reachOf(nowhere, "127.0.0.1/8", "10.0.0.1/8"), "127.0.0.1:1", false},
		"loopback, nothing known":       {reachOf(nowhere), "127.0.0.1:1", false},
		"loopback, with a STUN server":  {reachOf(signal.ICEServers{STUN: []string{"127.0.0.1:3478"}}, "10.0.0.1/8"), "127.0.0.1:1", true},
		"loopback, with a relay":        {reachOf(signal.ICEServers{TURN: []signal.TURNServer{{URL: "turn:[::1]:3478"}}}, "10.0.0.1/8"), "127.0.0.1:1", true},
		"loopback, with others' server": {reachOf(signal.ICEServers{STUN: []string{"192.0.2.1:1", "x:1", ""}, TURN: []signal.TURNServer{{URL: "turn:x"}, {}}}, "10.0.0.1/8"), "127.0.0.1:1", false},
		"link-local, with such a link":  {reachOf(nowhere, "169.254.3.4/16"), "169.254.7.8:1", true},
		"broadcast of a link-local one": {reachOf(nowhere, "169.254.3.4/16"), "169.254.255.255:1", false},
	} {
		if got := test.from.allows(netip.MustParseAddrPort(test.address)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// special are addresses to which nothing may go, whoever names them: test hosts are
// in 192.168.1.0/24. A message with one that is multicast is refused whole.
var (
	special = []string{
		"127.0.0.1:9", "127.9.9.9:9", "0.0.0.5:9", "255.255.255.255:9", "240.0.0.1:9", "192.0.0.8:9", "192.88.99.1:9",
		"169.254.169.254:9", "192.168.1.255:9", "192.168.1.0:9",
	}
	multicast = []string{"224.0.0.251:5353", "239.255.255.250:1900"}
)

// TestNothingGoesToSpecialAddresses, whoever names them: the peer in any of its
// messages, a ticket, the caller, or what was remembered.
func TestNothingGoesToSpecialAddresses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		counted := new(countedNet)
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, _ *Config) {
			counted.Net, app.net = app.net, counted
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
				p.app.Connect(context.Background(), to, ModeInternet, 3*time.Second, NewTraceID())
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

// unseen is the id of a device that nobody has seen.
func unseen(n int) string { return testIdentity(byte(100 + n)).ID }
