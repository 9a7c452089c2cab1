package nat

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// A path carries less than it did, in the middle of a transfer: that goes on at once, whether the network says so or not, and
// every byte arrives.
func TestPathCarriesLess(t *testing.T) {
	const less, tooLittle = 1280, 1200
	for name, narrow := range map[string]func(home *lab.NAT, host *lab.Host){
		"and says nothing":                 func(home *lab.NAT, _ *lab.Host) { home.Carry(less, false) },
		"and says so":                      func(home *lab.NAT, _ *lab.Host) { home.Carry(less, true) },
		"too little for QUIC":              func(home *lab.NAT, _ *lab.Host) { home.Carry(tooLittle, false) },
		"too little for QUIC, and says so": func(home *lab.NAT, _ *lab.Host) { home.Carry(tooLittle, true) },
		"and is another": func(home *lab.NAT, _ *lab.Host) {
			home.Carry(less, true)
			home.Renumber()
		},
		"and begins with less": func(_ *lab.NAT, host *lab.Host) { host.Carry(less) },
	} {
		for _, order := range []string{"get 20000000", "put 20000000"} {
			t.Run(name+", "+order, func(t *testing.T) {
				n := lab.New(t, lab.Options{Seed: 1})
				server := startServer(t, n.PublicHost("server", lab.Link{}))
				link := lab.Link{Delay: ownLink, Rate: 40_000_000}
				home := n.NAT("app-home", lab.PortRestricted, link)
				appHost := home.Host("app")
				device := startDevice(t, n.NAT("device-home", lab.PortRestricted, link).Host("device"), server)
				app := startApp(t, appHost, server)
				app.connect(device)
				app.settle(onDirect)
				app.order(order)
				usesLargePackets(t, n, home)
				narrow(home, appHost)
				moved, err := strconv.Atoi(app.order("moved"))
				if err != nil {
					t.Fatal(err)
				}
				started, clock := time.Now(), stopwatch()
				app.flow(moved + 1_000_000) // some of it was on its way
				took, again := time.Since(started), clock.Elapsed()
				t.Logf("a megabyte more after %v (%v)", took, again)
				if again > atOnce {
					t.Errorf("want %v at most", atOnce)
				}
				if answer := app.order("done"); answer != "ok" {
					t.Error("bytes were lost on the way")
				}
			})
		}
	}
}

// usesLargePackets waits until what passes a link, in the direction of the transfer, fills its 1500 bytes.
func usesLargePackets(t *testing.T, n *lab.Net, link lab.Attached) {
	t.Helper()
	mean := func(now, before lab.Counters) uint64 {
		return (now.Bytes - before.Bytes) / max(now.Packets-before.Packets, 1)
	}
	lastUp, lastDown := n.Stats(link)
	await.Until(t, "the packets are large", func() bool {
		up, down := n.Stats(link)
		if up.Packets+down.Packets < lastUp.Packets+lastDown.Packets+500 {
			return false
		}
		size := max(mean(up, lastUp), mean(down, lastDown))
		lastUp, lastDown = up, down
		return size > 1400
	})
}

// leastForQUIC is 1200 bytes (RFC 9000, section 14) and the headers of IPv4 and UDP.
const leastForQUIC = 1228

// A path that carries little from the start, and says nothing: the server is heard, and the other end found; what is too little
// for QUIC carries TCP to a relay.
func TestPathThatCarriesLittle(t *testing.T) {
	for _, mtu := range []int{1200, leastForQUIC, 1280, 1400, 1492} {
		for side, narrow := range map[string]func(app, device *lab.NAT){
			"the app's":    func(app, _ *lab.NAT) { app.Carry(mtu, false) },
			"the device's": func(_, device *lab.NAT) { device.Carry(mtu, false) },
		} {
			t.Run(fmt.Sprint(side, ", ", mtu), func(t *testing.T) {
				n := lab.New(t, lab.Options{Seed: 1})
				server := startServer(t, n.PublicHost("server", lab.Link{}))
				link := lab.Link{Delay: ownLink}
				appHome, deviceHome := n.NAT("app-home", lab.PortRestricted, link), n.NAT("device-home", lab.PortRestricted, link)
				narrow(appHome, deviceHome)
				device := startDevice(t, deviceHome.Host("device"), server)
				app := startApp(t, appHome.Host("app"), server)
				c := app.connect(device)
				t.Logf("connected after %v", c)
				if mtu < leastForQUIC {
					app.settle(onRelay)
				} else {
					app.settle(onDirect)
				}
				app.transfer("both 300000")
			})
		}
	}
}
