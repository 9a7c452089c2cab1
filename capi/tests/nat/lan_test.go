package nat

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// camera is a device in a local network: anyone who knows its id gets in.
type camera struct {
	*program
	ticket, id, address string
}

func startCamera(t *testing.T, h *lab.Host, stateDir, server string) *camera {
	t.Helper()
	directory(t)
	c := &camera{program: start(t, h, server, filepath.Join(workDir, "device"), stateDir, "anyone")}
	c.ticket, c.id, c.address = c.line(), c.line(), c.line()
	return c
}

func (c *camera) kill() {
	c.Cmd.Process.Kill()
	for range c.Lines { // until it is gone
	}
}

// startPhone starts an app that remembers.
func startPhone(t *testing.T, h *lab.Host, server string, environment ...string) *program {
	t.Helper()
	directory(t)
	environment = append(environment, "THINGP2P_SERVER="+server, "THINGP2P_STATE_DIR="+t.TempDir())
	return startWith(t, h, environment, filepath.Join(workDir, "app"))
}

// lanConnect connects in LAN mode, checks the path, and closes again.
func (p *program) lanConnect(target string) connection {
	p.t.Helper()
	c := p.connected("lan " + target)
	if c.path != pathLAN {
		p.t.Errorf("path %d, want %d", c.path, pathLAN)
	}
	p.order("close")
	return c
}

// connects connects n times.
func connects(t *testing.T, n int, connect func() connection) connections {
	t.Helper()
	var all connections
	for range n {
		all = append(all, connect())
	}
	t.Logf("connect times: %v", all)
	return all
}

type connections []connection

func (all connections) sorted(by func(connection) time.Duration) []time.Duration {
	var times []time.Duration
	for _, c := range all {
		times = append(times, by(c))
	}
	slices.Sort(times)
	return times
}

// A busy machine makes took larger than it should be, and own smaller, so own must not be more than is promised.
func (all connections) own() []time.Duration {
	return all.sorted(func(c connection) time.Duration { return c.own })
}
func (all connections) took() []time.Duration {
	return all.sorted(func(c connection) time.Duration { return c.took })
}

func median(times []time.Duration) time.Duration { return times[len(times)/2] }

const mostInLAN = 30 * time.Millisecond // for a search, a handshake and a verdict

func TestLANBothModesWithoutAServer(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	device := startCamera(t, home.Host("device", lab.IPv4|lab.IPv6), t.TempDir(), "")
	host := home.Host("app", lab.IPv4|lab.IPv6)
	app := startPhone(t, host, "")
	for _, order := range []string{"lan ", "connect "} {
		for _, target := range []string{device.id, device.ticket} {
			if c := app.connected(order + target); c.path != pathLAN {
				t.Errorf("%s: path %d", order, c.path)
			}
			app.transfer("get 3000000")
			app.transfer("put 300000")
			if got := app.order("path"); got != "1 1" {
				t.Errorf("app and device see the paths %s", got)
			}
			app.order("close")
		}
	}
	// A fresh app each time has to search.
	all := connects(t, 9, func() connection { return startPhone(t, host, "").lanConnect(device.id) })
	if m := median(all.own()); m > mostInLAN {
		t.Errorf("median %v, want at most %v", m, mostInLAN)
	}
}

// TestLANRoundTrips: one for the search, one for the handshake, one for the
// verdict; an address that is known saves the first.
func TestLANRoundTrips(t *testing.T) {
	const trip = 40 * time.Millisecond // twice a slow Wi-Fi's, so that what programs take is less than one
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", trip/2)
	device := startCamera(t, home.Host("device", lab.IPv4|lab.IPv6), t.TempDir(), "")
	host := home.Host("app", lab.IPv4|lab.IPv6)
	app := startPhone(t, host, "")
	app.lanConnect(device.id)
	for name, c := range map[string]struct {
		trips   time.Duration
		connect func() connection
	}{
		"search":             {3, func() connection { return startPhone(t, host, "").lanConnect(device.id) }},
		"known address":      {2, func() connection { return app.lanConnect(device.id) }},
		"a ticket's address": {2, func() connection { return startPhone(t, host, "").lanConnect(device.ticket) }},
	} {
		all := connects(t, 5, c.connect)
		if quickest := all.took()[0]; quickest < c.trips*trip-time.Millisecond { // it counts whole ones
			t.Errorf("%s: %v, which is less than %d round trips", name, quickest, c.trips)
		}
		if quickest := all.own()[0]; quickest > c.trips*trip+trip*9/10 {
			t.Errorf("%s: %v, want %d round trips", name, quickest, c.trips)
		}
	}
}

func TestLANRightDeviceAnswers(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	answers := watchAnswers(home)
	one := startCamera(t, home.Host("one", lab.IPv4), t.TempDir(), "")
	other := startCamera(t, home.Host("other", lab.IPv4), t.TempDir(), "")
	beside := startCamera(t, home.Host("two-devices", lab.IPv4), t.TempDir(), "") // and a second one on that host
	app := startPhone(t, home.Host("app", lab.IPv4), "")
	for _, device := range []*camera{one, other, beside} {
		app.lanConnect(device.id)
		ip := netip.MustParseAddrPort(device.address).Addr()
		for _, from := range answers() {
			if from != ip {
				t.Errorf("%v answered for %v", from, ip)
			}
		}
	}
	if got := app.order("seek " + strings.Repeat("a", 52)); got != "failed THING_P2P_ERR_TIMEOUT" {
		t.Errorf("nobody's id: %s", got)
	}
	if got := answers(); len(got) != 0 {
		t.Errorf("answers for nobody's id: %v", got)
	}
}

func TestLANSeveralDevicesOnOneHost(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	gateway := home.Host("gateway", lab.IPv4|lab.IPv6)
	app := startPhone(t, home.Host("app", lab.IPv4|lab.IPv6), "")
	onGateway := startPhone(t, gateway, "")
	for range 3 {
		device := startCamera(t, gateway, t.TempDir(), "")
		app.lanConnect(device.id)
		onGateway.lanConnect(device.id)
	}
}

func TestLANOneFamily(t *testing.T) {
	for name, family := range map[string]lab.Families{"IPv4": lab.IPv4, "IPv6": lab.IPv6} {
		t.Run(name, func(t *testing.T) {
			n := lab.New(t, lab.Options{})
			home := n.Switch("home", 0)
			device := startCamera(t, home.Host("device", family), t.TempDir(), "")
			app := startPhone(t, home.Host("app", family), "")
			app.lanConnect(device.id)
			app.lanConnect(device.id) // by the address that worked
		})
	}
}

// Some access points drop broadcast, some drop multicast.
func TestLANFiltered(t *testing.T) {
	for name, drop := range map[string]func(frame) bool{
		"broadcast": func(f frame) bool { return f.isBroadcast() && f.udp() != nil },
		"multicast": func(f frame) bool { return f.isMulticast() && f.udp() != nil },
	} {
		t.Run("no "+name, func(t *testing.T) {
			n := lab.New(t, lab.Options{})
			home := n.Switch("home", 0)
			home.Watch(func(f []byte) bool { return !drop(f) })
			device := startCamera(t, home.Host("device", lab.IPv4), t.TempDir(), "")
			startPhone(t, home.Host("app", lab.IPv4), "").lanConnect(device.id)
		})
	}
}

func TestLANRoutedWithAKnownAddress(t *testing.T) {
	n := lab.New(t, lab.Options{})
	upstairs, downstairs := n.Switch("upstairs", 0), n.Switch("downstairs", 0)
	deviceHost, appHost := upstairs.Host("device", lab.IPv4), downstairs.Host("app", lab.IPv4)
	router := n.Host("router")
	router.Route(map[*lab.Host]netip.Addr{
		deviceHost: upstairs.Plug(router, "up0", lab.IPv4),
		appHost:    downstairs.Plug(router, "down0", lab.IPv4),
	})
	device := startCamera(t, deviceHost, t.TempDir(), "")
	app := startPhone(t, appHost, "")
	if got := app.order("seek " + device.id); got != "failed THING_P2P_ERR_TIMEOUT" {
		t.Errorf("a router without multicast: %s", got)
	}
	if got := app.order("address " + device.id + " " + device.address); got != "ok" {
		t.Fatal(got)
	}
	app.lanConnect(device.id)
	startPhone(t, appHost, "").lanConnect(device.ticket)
}

func TestLANDeviceHasMoved(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	host := home.Host("device", lab.IPv4)
	state := t.TempDir()
	device := startCamera(t, host, state, "")
	app := startPhone(t, home.Host("app", lab.IPv4), "")
	app.lanConnect(device.id)
	device.kill()
	before := netip.MustParseAddrPort(device.address)
	socketOn(t, host, int(before.Port())) // somebody else has its port now
	home.Readdress(host, "lan0")
	again := startCamera(t, host, state, "")
	after := netip.MustParseAddrPort(again.address)
	if again.id != device.id || after.Addr() == before.Addr() || after.Port() == before.Port() {
		t.Fatalf("the device is %s at %s after a restart", again.id, again.address)
	}
	for _, target := range []string{device.id, device.ticket} { // both know the old address only
		if c := app.lanConnect(target); c.own > 500*time.Millisecond {
			t.Errorf("took %v", c)
		}
	}
}

func TestLANServerOutOfReach(t *testing.T) {
	for name, server := range map[string]string{
		"dropped": "mqtt://10.99.0.1", "refused": "mqtt://127.0.0.1:9", "no such name": "mqtt://server.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			n := lab.New(t, lab.Options{})
			home := n.Switch("home", 0)
			device := startCamera(t, home.Host("device", lab.IPv4), t.TempDir(), server)
			host := home.Host("app", lab.IPv4)
			router := n.Host("router") // swallows what is not for the home
			router.Route(map[*lab.Host]netip.Addr{host: home.Plug(router, "lan0", lab.IPv4)})
			all := connects(t, 5, func() connection { return startPhone(t, host, server).lanConnect(device.id) })
			if m := median(all.own()); m > mostInLAN {
				t.Errorf("median %v, want at most %v", m, mostInLAN)
			}
		})
	}
}

// TestLANSilenceCostsNothing: an app that is elsewhere connects as fast with LAN
// discovery as without.
func TestLANSilenceCostsNothing(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	server := startServer(t, n.PublicHost("server", lab.Link{}))
	device := startDevice(t, host(n, "device", "port-restricted"), server)
	elsewhere := host(n, "app", "port-restricted")
	made := make(map[string]connections)
	for _, lan := range []string{"on", "off"} {
		app := startPhone(t, elsewhere, server, "THINGP2P_LAN="+lan)
		app.connect(device)
		app.order("close")
		made[lan] = connects(t, 9, func() connection {
			c := app.connect(device)
			app.order("close")
			return c
		})
	}
	if on, off := median(made["on"].own()), median(made["off"].took()); on > off+10*time.Millisecond {
		t.Errorf("median %v with discovery, %v without", on, off)
	}
}

// A device on Wi-Fi and Ethernet, an app beside interfaces of containers and VPNs;
// the session lives on when one of the device's two ways goes.
func TestLANSeveralInterfaces(t *testing.T) {
	n := lab.New(t, lab.Options{})
	wifi, ethernet, containers := n.Switch("wifi", 3*time.Millisecond), n.Switch("ethernet", 0), n.Switch("containers", 0)
	deviceHost, appHost := wifi.Host("device", lab.IPv4|lab.IPv6), wifi.Host("app", lab.IPv4|lab.IPv6)
	ethernet.Plug(deviceHost, "eth0", lab.IPv4|lab.IPv6)
	ethernet.Plug(appHost, "eth0", lab.IPv4|lab.IPv6)
	containers.Plug(appHost, "docker0", lab.IPv4)
	appHost.Tunnel("vpn0", "10.8.0.2/32")
	device := startCamera(t, deviceHost, t.TempDir(), "")
	app := startPhone(t, appHost, "")
	if c := app.connected("lan " + device.id); c.path != pathLAN {
		t.Errorf("path %d", c.path)
	}
	app.transfer("get 3000000")
	app.order("get 30000000")
	deviceHost.Unplug("eth0")
	if answer := app.order("done"); answer != "ok" {
		t.Errorf("a transfer while one interface goes: %s", answer)
	}
	app.order("close")

	// An interface that comes later is used, also when it is the only one.
	deviceHost.Unplug("lan0")
	deviceHost.Replug("eth0")
	app.lanConnect(device.id)
}

func TestLANFindsADeviceBesideItInInternetMode(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	server := startServer(t, n.PublicHost("server", lab.Link{}))
	home := n.NAT("home", lab.PortRestricted, lab.Link{Delay: ownLink})
	deviceHost, appHost := home.Host("device"), home.Host("app")
	device := startCamera(t, deviceHost, t.TempDir(), server)
	app := startPhone(t, appHost, server)
	for _, order := range []string{"connect ", "lan ", "connect "} {
		app.connected(order + device.id)
		app.settle(onLAN)
		app.order("close")
	}
	stranger := startPhone(t, host(n, "stranger", "public"), server)
	if c := stranger.connected("lan " + device.id); c.path == pathLAN {
		t.Error("an app on the internet is told that it is in the device's home")
	}
}

// Where a program may not list its interfaces, as on Android 11 and later, it still finds devices and is found: by the
// addresses that it is told, or by the way into the internet.
func TestLANWithoutListingInterfaces(t *testing.T) {
	for name, who := range map[string]struct{ app, device bool }{"app": {true, false}, "device": {false, true}, "both": {true, true}} {
		for _, told := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, told %v", name, told), func(t *testing.T) {
				n := lab.New(t, lab.Options{Seed: 1})
				home := n.Switch("home", 0)
				deviceHost, appHost := home.Host("device", lab.IPv4), home.Host("app", lab.IPv4)
				router := home.Host("router", lab.IPv4)
				router.Route(map[*lab.Host]netip.Addr{deviceHost: router.IP(), appHost: router.IP()})
				environment := func(denied bool, h *lab.Host) []string {
					all := []string{"THINGP2P_SERVER=", "THINGP2P_STATE_DIR=" + t.TempDir()}
					if denied {
						all = append(all, "NAT_TEST_NO_NETLINK=1")
					}
					if denied && told {
						all = append(all, fmt.Sprintf("NAT_TEST_ADDRESSES=%s/24", h.IP()))
					}
					return all
				}
				directory(t)
				device := startWith(t, deviceHost, environment(who.device, deviceHost), filepath.Join(workDir, "device"), t.TempDir(), "anyone")
				device.line()
				id := device.line()
				app := startWith(t, appHost, environment(who.app, appHost), filepath.Join(workDir, "app"))
				if c := app.connected("seek " + id); c.path != pathLAN {
					t.Errorf("path %d, want %d", c.path, pathLAN)
				}
				app.transfer("get 300000")
			})
		}
	}
}
