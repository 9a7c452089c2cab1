// Package nat runs C programs on libthingp2p.so in network namespaces behind
// real kernel NATs, with an emulated internet between them.
package nat

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// The paths of thing_p2p_info.
const (
	pathLAN    = 1
	pathDirect = 2
	pathRelay  = 3
)

const ownLink = 10 * time.Millisecond // one way: 40 ms between two homes, 20 ms to the server

// kinds of networks in which an app or a device may be.
var kinds = []string{"public", "full cone", "port-restricted", "symmetric", "UDP blocked"}

// host makes one in a network of its own.
func host(n *lab.Net, name, kind string) *lab.Host {
	link := lab.Link{Delay: ownLink}
	switch kind {
	case "public":
		return n.PublicHost(name, link)
	case "full cone":
		return n.NAT(name+"-home", lab.FullCone, link).Host(name)
	case "port-restricted":
		return n.NAT(name+"-home", lab.PortRestricted, link).Host(name)
	case "symmetric":
		return n.NAT(name+"-home", lab.Symmetric, link).Host(name)
	}
	return n.NAT(name+"-home", lab.UDPBlocked, link).Host(name)
}

// wantPath is what must carry a session between two kinds of networks.
func wantPath(a, b string) int {
	either := func(kind string) bool { return a == kind || b == kind }
	switch {
	case either("UDP blocked"):
		return pathRelay
	case either("symmetric") && (a == b || either("port-restricted")):
		return pathRelay
	}
	return pathDirect
}

func TestEveryPairOfNetworksConnects(t *testing.T) {
	for _, appKind := range kinds {
		for _, deviceKind := range kinds {
			t.Run(fmt.Sprintf("app %s, device %s", appKind, deviceKind), func(t *testing.T) {
				n := lab.New(t, lab.Options{Seed: 1})
				server := startServer(t, n.PublicHost("server", lab.Link{}))
				device := startDevice(t, host(n, "device", deviceKind), server)
				app := startApp(t, host(n, "app", appKind), server)
				path, took := app.connect(device)
				if want := wantPath(appKind, deviceKind); path != want {
					t.Errorf("path %d after %d ms, want %d", path, took, want)
				}
				app.transfer("get 300000")
				app.transfer("put 300000")
				if got := app.order("path"); got != fmt.Sprintf("%d %d", path, path) {
					t.Errorf("app and device see the paths %s, want %d", got, path)
				}
			})
		}
	}
}

func TestBothBehindOneNAT(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	server := startServer(t, n.PublicHost("server", lab.Link{}))
	home := n.NAT("home", lab.PortRestricted, lab.Link{Delay: ownLink})
	device := startDevice(t, home.Host("device"), server)
	app := startApp(t, home.Host("app"), server)
	if path, _ := app.connect(device); path != pathLAN && path != pathDirect {
		t.Errorf("path %d, want 1 or 2", path)
	}
	app.transfer("get 3000000")
}

// TestConnectTime holds the medians of warm connects against what is promised.
// The round trips are emulated, so a busy machine adds little.
func TestConnectTime(t *testing.T) {
	for _, c := range []struct {
		app, device string
		path        int
		limit       int // ms, median
	}{
		{"public", "public", pathDirect, 160},
		{"port-restricted", "port-restricted", pathDirect, 160},
		{"symmetric", "symmetric", pathRelay, 260},
	} {
		t.Run(c.app+" to "+c.device, func(t *testing.T) {
			n := lab.New(t, lab.Options{Seed: 1})
			server := startServer(t, n.PublicHost("server", lab.Link{}))
			device := startDevice(t, host(n, "device", c.device), server)
			app := startApp(t, host(n, "app", c.app), server)
			app.connect(device) // warms the connection to the server up
			app.order("close")
			var times []int
			for range 9 {
				path, took := app.connect(device)
				if path != c.path {
					t.Fatalf("path %d, want %d", path, c.path)
				}
				times = append(times, took)
				app.order("close")
			}
			slices.Sort(times)
			t.Logf("connect times in ms: %v", times)
			if median := times[len(times)/2]; median > c.limit {
				t.Errorf("median %d ms, want at most %d", median, c.limit)
			}
		})
	}
}

func TestRelayGivesWayToDirectPath(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	server := startServer(t, n.PublicHost("server", lab.Link{}))
	deviceHost, appHost := host(n, "device", "port-restricted"), host(n, "app", "port-restricted")
	device := startDevice(t, deviceHost, server)
	app := startApp(t, appHost, server)
	n.Block(appHost, deviceHost)
	if path, _ := app.connect(device); path != pathRelay {
		t.Fatalf("path %d while the direct one is cut, want 3", path)
	}
	app.order("get 20000000")
	n.Unblock(appHost, deviceHost)
	if answer := app.order("watch 2 1000"); !strings.HasPrefix(answer, "ok") {
		t.Errorf("the session did not move to the direct path within a second: %s", answer)
	} else {
		t.Log("moved to the direct path, ms:", answer)
	}
	if answer := app.order("done"); answer != "ok" {
		t.Error("bytes were lost on the way")
	}
	if got := app.order("path"); got != "2 2" {
		t.Errorf("app and device see the paths %s, want 2", got)
	}
}

func TestCutDirectPathFallsBackToRelay(t *testing.T) {
	for _, order := range []string{"get 30000000", "put 30000000"} {
		t.Run(order, func(t *testing.T) {
			n := lab.New(t, lab.Options{Seed: 1})
			server := startServer(t, n.PublicHost("server", lab.Link{}))
			link := lab.Link{Delay: ownLink, Rate: 40_000_000}
			deviceHome, appHome := n.NAT("device-home", lab.PortRestricted, link), n.NAT("app-home", lab.PortRestricted, link)
			deviceHost, appHost := deviceHome.Host("device"), appHome.Host("app")
			device := startDevice(t, deviceHost, server)
			app := startApp(t, appHost, server)
			if path, _ := app.connect(device); path != pathDirect {
				t.Fatalf("path %d, want 2", path)
			}
			app.order(order)
			app.order("watch 3 500") // lets the transfer get going
			n.Block(appHost, deviceHost)
			if answer := app.order("watch 3 2000"); !strings.HasPrefix(answer, "ok") {
				t.Errorf("the session did not fall back to the relay within 2 s: %s", answer)
			} else {
				t.Log("fell back to the relay, ms:", answer)
			}
			if answer := app.order("done"); answer != "ok" {
				t.Error("bytes were lost on the way")
			}
		})
	}
}

func TestLostBindingIsRepaired(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	server := startServer(t, n.PublicHost("server", lab.Link{}))
	link := lab.Link{Delay: ownLink, Rate: 40_000_000}
	deviceHome, appHome := n.NAT("device-home", lab.PortRestricted, link), n.NAT("app-home", lab.PortRestricted, link)
	device := startDevice(t, deviceHome.Host("device"), server)
	app := startApp(t, appHome.Host("app"), server)
	app.connect(device)
	app.order("get 30000000")
	app.order("watch 3 500")
	deviceHome.Renumber() // its address and its bindings are gone
	if answer := app.order("done"); answer != "ok" {
		t.Error("bytes were lost on the way")
	}
}

// A program sees in a session's figures that its path loses packets.
func TestLostPacketsAreCounted(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	server := startServer(t, n.PublicHost("server", lab.Link{}))
	device := startDevice(t, host(n, "device", "public"), server)
	link := lab.Link{Delay: ownLink}
	home := n.NAT("app-home", lab.PortRestricted, link)
	appHost := home.Host("app")
	app := startApp(t, appHost, server)
	app.connect(device)
	n.SetLink(home, lab.Link{Delay: ownLink, Loss: 0.05}, link)
	before, _ := n.Stats(appHost)
	app.transfer("put 3000000")
	var sent, counted uint64
	if _, err := fmt.Sscan(app.order("packets"), &sent, &counted); err != nil {
		t.Fatal(err)
	}
	after, _ := n.Stats(appHost)
	// Some of what was lost is not missed, such as acknowledgements; on a busy
	// machine more is held to be lost than was.
	if lost := uint64(after.Lost - before.Lost); lost < 50 || counted < lost/2 || counted > sent {
		t.Errorf("%d packets were lost, the session says %d of %d", lost, counted, sent)
	} else {
		t.Logf("%d packets were lost, the session says %d of %d", lost, counted, sent)
	}
}

// TestServerIsKilled: sessions do not need the server, and both sides find it
// again when it is back.
func TestServerIsKilled(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	host1 := n.PublicHost("server", lab.Link{})
	server, kill := startServerToKill(t, host1)
	device := startDevice(t, host(n, "device", "port-restricted"), server)
	app := startApp(t, host(n, "app", "port-restricted"), server)
	app.connect(device)
	app.transfer("get 1000000")
	kill()
	app.transfer("get 1000000")
	app.transfer("put 1000000")
	if again := startServer(t, host1); again != server {
		t.Fatalf("the server is back at %s, not at %s", again, server)
	}
	back := time.Now()
	app.order("close")
	app.connect(device)
	if took := time.Since(back); took > 3*time.Second {
		t.Errorf("the first connect after the server's return took %v, want at most 3 s", took)
	}
	app.transfer("get 1000000")
}
