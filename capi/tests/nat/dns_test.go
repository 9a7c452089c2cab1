package nat

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const serverName = "server.test"

// connectsInTheEnd waits until a device is online.
func (p *program) connectsInTheEnd(ticket string) {
	p.t.Helper()
	await.Until(p.t, "the app has connected", func() bool {
		return strings.HasPrefix(p.order("connect "+ticket), "connected ")
	})
}

// A device's first DNS server is dead, and its system waits 5 s before it asks the next: it comes online all the same.
func TestFirstDNSServerIsDead(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	serverHost, dnsHost := n.PublicHost("server", lab.Link{}), n.PublicHost("dns", lab.Link{})
	dns := dnsHost.DNS()
	dns.Set(serverName, serverHost.IP())
	server := startServer(t, serverHost, "-host", serverName)
	deviceHost, appHost := host(n, "device", "port-restricted"), host(n, "app", "port-restricted")
	deviceHost.Resolvers(netip.MustParseAddr("203.0.113.250"), dnsHost.IP()) // nobody is at the first
	appHost.Resolvers(dnsHost.IP())
	device := startDevice(t, deviceHost, server)
	app := startApp(t, appHost, server)
	app.connectsInTheEnd(device)
	app.transfer("get 300000")
}

// One of a server's addresses is dead: the next one is tried before the dial is given up.
func TestFirstAddressOfTheServerIsDead(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1, IPv6: true})
	serverHost, dnsHost := n.PublicHost("server", lab.Link{}), n.PublicHost("dns", lab.Link{})
	dns := dnsHost.DNS()
	dns.Set(serverName, netip.MustParseAddr("2001:db8::dead"), netip.MustParseAddr("203.0.113.250"), serverHost.IP())
	server := startServer(t, serverHost, "-host", serverName)
	deviceHost, appHost := host(n, "device", "public"), host(n, "app", "port-restricted")
	deviceHost.Resolvers(dnsHost.IP())
	appHost.Resolvers(dnsHost.IP())
	device := startDevice(t, deviceHost, server)
	app := startApp(t, appHost, server)
	app.connectsInTheEnd(device)
	app.transfer("get 300000")
}

// A server moves to another address and keeps its name: apps and devices ask for it each time they dial.
func TestServerMovesUnderItsName(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	first, second, dnsHost := n.PublicHost("first", lab.Link{}), n.PublicHost("second", lab.Link{}), n.PublicHost("dns", lab.Link{})
	dns := dnsHost.DNS()
	dns.Set(serverName, first.IP())
	server, kill := startServerToKill(t, first, "-host", serverName)
	deviceHost, appHost := host(n, "device", "symmetric"), host(n, "app", "symmetric") // who need the new relay, too
	deviceHost.Resolvers(dnsHost.IP())
	appHost.Resolvers(dnsHost.IP())
	device := startDevice(t, deviceHost, server)
	app := startApp(t, appHost, server)
	app.connectsInTheEnd(device)
	app.order("close")
	kill()
	dns.Set(serverName, second.IP())
	if again := startServer(t, second, "-host", serverName); again != server {
		t.Fatalf("the server is back as %s, not as %s", again, server)
	}
	app.connectsInTheEnd(device)
	app.transfer("get 300000")
}
