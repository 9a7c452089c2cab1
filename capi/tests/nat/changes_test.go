package nat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// atOnce is far more than it takes, and far less than keep-alives do, which are 30 s apart.
const atOnce = 10 * time.Second

// scene is an app and a device, each at home behind a NAT, with a session; and another app elsewhere.
type scene struct {
	t                    *testing.T
	n                    *lab.Net
	appHome, deviceHome  *lab.NAT
	appHost, deviceHost  *lab.Host
	device               *program
	ticket               string
	app, other           *program
	appMobile, elsewhere *lab.NAT // where the two may go
}

func newScene(t *testing.T, environment ...string) *scene {
	t.Helper()
	return newSceneOf(t, environment, environment)
}

// newSceneOf gives each end an environment of its own.
func newSceneOf(t *testing.T, ofApp, ofDevice []string) *scene {
	t.Helper()
	s := &scene{t: t, n: lab.New(t, lab.Options{Seed: 1})}
	serverHost := s.n.PublicHost("server", lab.Link{})
	server := startServer(t, serverHost)
	// As behind many firewalls: who sends on a connection that is not known any more is not told.
	silent := serverHost.Command("nft", "add table ip silent; add chain ip silent out { type filter hook output priority 0; }; add rule ip silent out tcp flags rst drop")
	if out, err := silent.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	link := lab.Link{Delay: ownLink, Rate: 20_000_000}
	s.appHome, s.deviceHome = s.n.NAT("app-home", lab.PortRestricted, link), s.n.NAT("device-home", lab.PortRestricted, link)
	s.appMobile, s.elsewhere = s.n.NAT("mobile", lab.PortRestricted, link), s.n.NAT("elsewhere", lab.PortRestricted, link)
	s.appHost, s.deviceHost = s.appHome.Host("app"), s.deviceHome.Host("device")
	at := "THINGP2P_SERVER=" + server
	s.device = startWith(t, s.deviceHost, append([]string{at}, ofDevice...), filepath.Join(workDir, "device"))
	s.ticket = s.device.line()
	s.app = startWith(t, s.appHost, append([]string{at}, ofApp...), filepath.Join(workDir, "app"))
	s.other = startApp(t, host(s.n, "other", "port-restricted"), server)
	s.app.connect(s.ticket)
	s.app.settle(onDirect)
	return s
}

// stop makes a process stand still, as a suspended machine does.
func stop(p *program, on bool) {
	signal := syscall.SIGCONT
	if on {
		signal = syscall.SIGSTOP
	}
	p.Cmd.Process.Signal(signal)
}

const (
	nobodyTellsTheDevice = "device's router forgets"
	allTheTime           = "ten changes in twenty seconds"
)

type change struct {
	name    string
	happens func(s *scene)
}

// changes are what networks do to people.
var changes = []change{
	{"app from Wi-Fi to mobile", func(s *scene) {
		s.appHost.Unplug("lan0")
		time.Sleep(2 * time.Second)
		s.appMobile.Join(s.appHost, "mobile0")
	}},
	{"app to mobile before Wi-Fi breaks", func(s *scene) {
		s.appMobile.Join(s.appHost, "mobile0")
		s.appHost.Unplug("lan0")
	}},
	{"device goes elsewhere", func(s *scene) {
		s.deviceHost.Unplug("lan0")
		s.elsewhere.Join(s.deviceHost, "lan1")
	}},
	{"app gets another address", func(s *scene) { s.appHome.Readdress(s.appHost, "lan0") }},
	{"device gets another address", func(s *scene) { s.deviceHome.Readdress(s.deviceHost, "lan0") }},
	{"app's router restarts", func(s *scene) { s.appHome.Renumber() }},
	{"device's router restarts", func(s *scene) { s.deviceHome.Renumber() }},
	{"app's router forgets", func(s *scene) { s.appHome.FlushBindings() }},
	{nobodyTellsTheDevice, func(s *scene) { s.deviceHome.FlushBindings() }},
	{"nothing passes from app to device", func(s *scene) { s.n.BlockFrom(s.appHome, s.deviceHome) }},
	{"nothing passes from device to app", func(s *scene) { s.n.BlockFrom(s.deviceHome, s.appHome) }},
	{"the app's sockets are taken away", func(s *scene) { s.appHost.TakeSockets() }},
	{"the device's sockets are taken away", func(s *scene) { s.deviceHost.TakeSockets() }},
	{"the app stands still", func(s *scene) { stop(s.app, true); time.Sleep(5 * time.Second); stop(s.app, false) }},
	{"the device stands still", func(s *scene) { stop(s.device, true); time.Sleep(5 * time.Second); stop(s.device, false) }},
	{allTheTime, func(s *scene) {
		homes := []*lab.NAT{s.appMobile, s.appHome}
		for i := range 10 {
			device := fmt.Sprint("flap", i)
			if i == 0 {
				s.appHost.Unplug("lan0")
			} else {
				s.appHost.Unplug(fmt.Sprint("flap", i-1))
			}
			homes[i%2].Join(s.appHost, device)
			time.Sleep(2 * time.Second)
		}
	}},
}

// After any change of the network the session goes on, nothing is lost in either direction, and the device can be found.
func TestChangesOfTheNetwork(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) { newScene(t).survives(c) })
	}
}

// The same where neither, or one of them, may ask the system for its addresses, or hear of changes: those that are changes
// of addresses; all with THINGP2P_UNSEEN=all.
func TestChangesOfTheNetworkUnseen(t *testing.T) {
	type ends struct {
		who             string
		ofApp, ofDevice []string
	}
	blind := []string{"NAT_TEST_NO_NETLINK=1"}
	all := []ends{{"neither sees", blind, blind}, {"the app does not see", blind, nil}, {"the device does not see", nil, blind}}
	for _, c := range changes {
		var some []ends
		switch c.name {
		case "app from Wi-Fi to mobile", "device goes elsewhere":
			some = all
		case "app gets another address", "device gets another address":
			some = all[:1]
		}
		if os.Getenv("THINGP2P_UNSEEN") == "all" {
			some = all
		}
		for _, e := range some {
			t.Run(c.name+", "+e.who, func(t *testing.T) { newSceneOf(t, e.ofApp, e.ofDevice).survives(c) })
		}
	}
}

// survives changes the network in the middle of a transfer, and wants the device to be found at once after that.
func (s *scene) survives(c change) {
	t := s.t
	t.Helper()
	bytes := 6_000_000 // in 2.4 s
	if c.name == allTheTime {
		bytes = 50_000_000
	}
	s.app.order(fmt.Sprint("both ", bytes))
	s.app.flow(2_000_000)
	c.happens(s)
	clock := stopwatch()
	s.other.order("connect " + s.ticket)
	found := clock.Elapsed()
	if answer := s.app.order("done"); answer != "ok" {
		t.Fatal("bytes were lost on the way")
	}
	t.Logf("nothing came for %s ms; another app has connected after %v", s.app.order("gap"), found)
	if c.name != nobodyTellsTheDevice && found > atOnce {
		t.Errorf("the device was found after %v, want %v at most", found, atOnce)
	}
}

// An app that was suspended for longer than the device waits for it is told at once, and connects again.
func TestAppSleepsForLong(t *testing.T) {
	s := newScene(t, "THINGP2P_OFFLINE_MS=5000")
	stop(s.app, true)
	time.Sleep(12 * time.Second)
	stop(s.app, false)
	clock := stopwatch()
	await.Until(t, "the app knows that its session has ended", func() bool { return s.app.order("check") == "THING_P2P_ERR_CLOSED_TIMEOUT" })
	told := clock.Elapsed()
	s.app.connect(s.ticket)
	t.Logf("told after %v, connected again after %v", told, clock.Elapsed())
	if clock.Elapsed() > atOnce {
		t.Errorf("want %v at most", atOnce)
	}
	s.app.transfer("both 300000")
}

// However long one of them slept, THINGP2P_SLEEPS says how long: the session goes on, or its end is known, and a new connect works, all at once.
func TestSleeps(t *testing.T) {
	lengths := strings.Fields(os.Getenv("THINGP2P_SLEEPS"))
	if len(lengths) == 0 {
		lengths = []string{"60s"} // the session has ended then, and the server has ended the connection
	}
	for _, length := range lengths {
		t.Run(length, func(t *testing.T) {
			pause, err := time.ParseDuration(length)
			if err != nil {
				t.Fatal(err)
			}
			one, other := newScene(t), newScene(t)
			stop(one.app, true)
			stop(other.device, true)
			time.Sleep(pause)
			one.awakes("the app", func() { stop(one.app, false) })
			other.awakes("the device", func() { stop(other.device, false) })
		})
	}
}

func (s *scene) awakes(who string, wake func()) {
	t := s.t
	t.Helper()
	wake()
	clock := stopwatch()
	answer := ""
	await.Until(t, who+" sleeps no more, and the app knows what has become of its session", func() bool {
		if answer = s.app.order("check"); answer == "THING_P2P_OK" {
			answer = s.app.order("path")
		}
		return !strings.HasSuffix(answer, "bad")
	})
	told := clock.Elapsed()
	for _, app := range []*program{s.other, s.app} {
		if app == s.app && !strings.HasPrefix(answer, "THING_P2P_ERR") {
			continue
		}
		await.Until(t, "the device is there again", func() bool { // which the server may take for off for a moment
			said := app.order("connect " + s.ticket)
			return strings.HasPrefix(said, "connected") || said != "failed THING_P2P_ERR_DEVICE_NOT_ONLINE"
		})
	}
	t.Logf("%s is awake: %s after %v, connected after %v", who, answer, told, clock.Elapsed())
	if clock.Elapsed() > atOnce {
		t.Errorf("%s is awake, and it took %v, want %v at most", who, clock.Elapsed(), atOnce)
	}
	s.app.transfer("both 300000")
}

// In a local network nobody needs a server to follow the other to another address.
func TestChangesInALocalNetwork(t *testing.T) {
	for name, readdress := range map[string]func(home *lab.Switch, app, device *lab.Host){
		"the app's":    func(home *lab.Switch, app, _ *lab.Host) { home.Readdress(app, "lan0") },
		"the device's": func(home *lab.Switch, _, device *lab.Host) { home.Readdress(device, "lan0") },
	} {
		t.Run(name, func(t *testing.T) {
			n := lab.New(t, lab.Options{Seed: 1})
			home := n.Switch("home", 5*time.Millisecond)
			deviceHost, appHost := home.Host("device", lab.IPv4), home.Host("app", lab.IPv4)
			ticket := startDevice(t, deviceHost, "")
			app := startApp(t, appHost, "")
			app.connect(ticket)
			app.order("both 300000000")
			app.flow(2_000_000)
			readdress(home, appHost, deviceHost)
			if answer := app.order("done"); answer != "ok" {
				t.Fatal("bytes were lost on the way")
			}
			t.Logf("nothing came for %s ms", app.order("gap"))
		})
	}
}

// A server that is down for a while, and comes back with another secret, costs a session that it relays little more than
// that while.
func TestServerRestartsUnderARelay(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	serverHost := n.PublicHost("server", lab.Link{})
	server, kill := startServerToKill(t, serverHost)
	ticket := startDevice(t, host(n, "device", "symmetric"), server)
	app := startApp(t, host(n, "app", "symmetric"), server)
	app.connect(ticket)
	app.settle(onRelay)
	app.order("both 10000000")
	app.flow(1_000_000)
	kill()
	time.Sleep(2 * time.Second)
	if again := startServer(t, serverHost); again != server {
		t.Fatalf("the server is back at %s, not at %s", again, server)
	}
	clock := stopwatch()
	if answer := app.order("done"); answer != "ok" {
		t.Fatal("bytes were lost on the way")
	}
	if own := clock.Elapsed(); own > atOnce {
		t.Errorf("the rest of the transfer took %v, want %v at most", own, atOnce)
	}
	t.Logf("nothing came for %s ms", app.order("gap"))
}
