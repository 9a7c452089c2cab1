package nat

import (
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// An app in a network that has IPv6 only, as many mobile ones (and the one in which Apple tries every app), meets devices
// that have IPv4 only, through a server that it knows by name or by an IPv4 address: straight, by a relay, and by one over TCP.
func TestIPv6OnlyNetwork(t *testing.T) {
	for _, c := range []struct{ server, prefix, device, path string }{
		{"by address, with a pin", "2001:db9::/96", "symmetric", onRelay}, // its certificate is not for an address of that network
		{"by name", "2001:db9::/96", "port-restricted", onDirect},
		{"by name", "2001:db9:100::/40", "symmetric", onRelay},
		{"by address", "2001:db9::/64", "port-restricted", onDirect},
		{"by address", "2001:db9::/96", "symmetric", onRelay},
		{"by address", "2001:db9::/96", "UDP blocked", onRelay}, // which reaches no DNS server
	} {
		t.Run("server "+c.server+", prefix "+c.prefix+", device "+c.device, func(t *testing.T) {
			n := lab.New(t, lab.Options{Seed: 1})
			serverHost := n.PublicHost("server", lab.Link{})
			deviceHost := host(n, "device", c.device)
			mobile := n.NAT64("mobile", netip.MustParsePrefix(c.prefix), lab.Link{Delay: ownLink})
			var flags []string
			if strings.HasSuffix(c.server, "pin") {
				flags = []string{"-mqtt", "", "-mqtts", ":8883", "-self-signed", filepath.Join(t.TempDir(), "key")}
			}
			if c.server == "by name" {
				flags = []string{"-host", serverName}
				mobile.Set(serverName, serverHost.IP())
				serverHost.DNS().Set(serverName, serverHost.IP())
				deviceHost.Resolvers(serverHost.IP())
			}
			server := startServer(t, serverHost, flags...)
			device := startDevice(t, deviceHost, server)
			app := startApp(t, mobile.Host("app"), server)
			first := app.connect(device)
			app.order("close")
			again := app.connect(device)
			took, _ := app.settle(c.path)
			t.Logf("connected in %v, again in %v on path %d, %s after %v more", first, again, again.path, c.path, took)
			app.transfer("get 300000")
			app.transfer("put 300000")
			app.settleBoth(c.path)
		})
	}
}

// The device is the one without IPv4, or both are, in networks of their own.
func TestDeviceInAnIPv6OnlyNetwork(t *testing.T) {
	prefix := netip.MustParsePrefix("2001:db9::/96")
	for _, app := range []string{"port-restricted", "symmetric", "IPv6 only"} {
		t.Run("app "+app, func(t *testing.T) {
			n := lab.New(t, lab.Options{Seed: 1})
			server := startServer(t, n.PublicHost("server", lab.Link{}))
			path := wantPath("port-restricted", app)
			link := lab.Link{Delay: ownLink}
			device := startDevice(t, n.NAT64("device-net", prefix, link).Host("device"), server)
			var appHost *lab.Host
			if app == "IPv6 only" {
				appHost = n.NAT64("app-net", prefix, link).Host("app")
			} else {
				appHost = host(n, "app", app)
			}
			p := startApp(t, appHost, server)
			p.connect(device)
			p.settle(path)
			p.transfer("get 300000")
			p.transfer("put 300000")
			p.settleBoth(path)
		})
	}
}

// An app goes from a network that has IPv4 to one that has IPv6 only, and back, in the middle of a transfer.
func TestMoveToAnIPv6OnlyNetwork(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	serverHost := n.PublicHost("server", lab.Link{})
	serverHost.DNS()
	link := lab.Link{Delay: ownLink, Rate: 20_000_000}
	home, mobile := n.NAT("home", lab.PortRestricted, link), n.NAT64("mobile", netip.MustParsePrefix("2001:db9::/96"), link)
	appHost := home.Host("app")
	appHost.Resolvers(serverHost.IP())
	server := startServer(t, serverHost)
	device := startDevice(t, host(n, "device", "port-restricted"), server)
	app := startApp(t, appHost, server)
	app.connect(device)
	app.settle(onDirect)
	for _, move := range []struct {
		to   string
		move func()
	}{
		{"IPv6 only", func() { appHost.Unplug("lan0"); mobile.Join(appHost, "mobile0") }},
		{"IPv4", func() {
			appHost.Unplug("mobile0")
			home.Join(appHost, "lan1")
			appHost.Resolvers(serverHost.IP())
		}},
	} {
		moved, _ := strconv.Atoi(app.order("moved"))
		app.order("both 6000000")
		app.flow(moved + 2_000_000)
		move.move()
		clock := stopwatch()
		if answer := app.order("done"); answer != "ok" {
			t.Fatalf("to %s: bytes were lost on the way", move.to)
		}
		t.Logf("to %s: nothing came for %s ms", move.to, app.order("gap"))
		if clock.Elapsed() > atOnce {
			t.Errorf("to %s: it took %v, want %v at most", move.to, clock.Elapsed(), atOnce)
		}
	}
}

// Both have IPv6 and nothing else, without a translator, and cannot reach each other straight. The server, which has both,
// gives IPv4 relays to who comes by IPv6.
func TestIPv6WithoutIPv4(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1, IPv6: true})
	serverHost := n.PublicHost("server", lab.Link{})
	serverHost.DNS().Set(serverName, serverHost.IP6())
	server := startServer(t, serverHost, "-host", serverName)
	link := lab.Link{Delay: ownLink}
	deviceHost, appHost := n.PublicHost("device", link), n.PublicHost("app", link)
	for _, h := range []*lab.Host{deviceHost, appHost} {
		h.Resolvers(serverHost.IP6())
		if out, err := h.Command("sh", "-c", "ip -4 addr flush dev wan0").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	device := startDevice(t, deviceHost, server)
	app := startApp(t, appHost, server)
	n.Block(appHost, deviceHost)
	app.connect(device)
	app.settle(onRelay)
	app.transfer("get 300000")
	app.settleBoth(onRelay)
	n.Unblock(appHost, deviceHost)
	app.order("close")
	app.connect(device)
	app.settle(onDirect, onLAN)
	app.transfer("put 300000")
}
