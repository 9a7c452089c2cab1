package nat

import (
	"math"
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
	c.cmd.Process.Kill()
	for range c.lines { // until it is gone
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
func (p *program) lanConnect(target string) (took int) {
	p.t.Helper()
	path, took := p.connected("lan " + target)
	if path != pathLAN {
		p.t.Errorf("path %d, want %d", path, pathLAN)
	}
	p.order("close")
	return took
}

// median runs connects of apps that know nothing but the device's id.
func median(t *testing.T, n int, connect func() int) int {
	t.Helper()
	var times []int
	for range n {
		times = append(times, connect())
	}
	slices.Sort(times)
	t.Logf("connect times in ms: %v", times)
	return times[n/2]
}

func TestLANBothModesWithoutAServer(t *testing.T) {
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	device := startCamera(t, home.Host("device", lab.IPv4|lab.IPv6), t.TempDir(), "")
	host := home.Host("app", lab.IPv4|lab.IPv6)
	app := startPhone(t, host, "")
	for _, order := range []string{"lan ", "connect "} {
		for _, target := range []string{device.id, device.ticket} {
			if path, _ := app.connected(order + target); path != pathLAN {
				t.Errorf("%s: path %d", order, path)
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
	if m := median(t, 9, func() int { return startPhone(t, host, "").lanConnect(device.id) }); m > 30 {
		t.Errorf("median %d ms, want at most 30", m)
	}
}

// TestLANRoundTrips: one for the search, one for the handshake, one for the
// verdict; an address that is known saves the first.
func TestLANRoundTrips(t *testing.T) {
	const trip = 20 // ms
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", trip/2*time.Millisecond)
	device := startCamera(t, home.Host("device", lab.IPv4|lab.IPv6), t.TempDir(), "")
	host := home.Host("app", lab.IPv4|lab.IPv6)
	app := startPhone(t, host, "")
	app.lanConnect(device.id)
	for name, c := range map[string]struct {
		trips   int
		connect func() int
	}{
		"search":             {3, func() int { return startPhone(t, host, "").lanConnect(device.id) }},
		"known address":      {2, func() int { return app.lanConnect(device.id) }},
		"a ticket's address": {2, func() int { return startPhone(t, host, "").lanConnect(device.ticket) }},
	} {
		// The quickest one tells: a busy machine makes others late, but none early.
		quickest := math.MaxInt
		for range 5 {
			quickest = min(quickest, c.connect())
		}
		t.Logf("%s: %d ms", name, quickest)
		if quickest < c.trips*trip || quickest > c.trips*trip+trip*9/10 {
			t.Errorf("%s: %d ms, want %d round trips", name, quickest, c.trips)
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
	if got := app.order("lan " + strings.Repeat("a", 52)); got != "failed THING_P2P_ERR_TIMEOUT" {
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
	if got := app.order("lan " + device.id); got != "failed THING_P2P_ERR_TIMEOUT" {
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
		if took := app.lanConnect(target); took > 500 {
			t.Errorf("took %d ms", took)
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
			if m := median(t, 5, func() int { return startPhone(t, host, server).lanConnect(device.id) }); m > 30 {
				t.Errorf("median %d ms, want at most 30", m)
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
	medians := make(map[string]int)
	for _, lan := range []string{"on", "off"} {
		app := startPhone(t, elsewhere, server, "THINGP2P_LAN="+lan)
		app.connect(device)
		app.order("close")
		medians[lan] = median(t, 9, func() int {
			_, took := app.connect(device)
			app.order("close")
			return took
		})
	}
	if medians["on"] > medians["off"]+10 {
		t.Errorf("medians: %v", medians)
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
	if path, _ := app.connected("lan " + device.id); path != pathLAN {
		t.Errorf("path %d", path)
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
		path, took := app.connected(order + device.id)
		if path != pathLAN {
			t.Errorf("%s: path %d after %d ms", order, path, took)
		}
		app.order("close")
	}
	stranger := startPhone(t, host(n, "stranger", "public"), server)
	if path, _ := stranger.connected("lan " + device.id); path == pathLAN {
		t.Error("an app on the internet is told that it is in the device's home")
	}
}
