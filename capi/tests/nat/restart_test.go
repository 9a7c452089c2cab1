package nat

import (
	"strconv"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// atOnce is far more than it takes, and far less than keep-alives do, which are 30 s apart.
const atOnce = 10 * time.Second

// A router restarts, and has another address: sessions go on, nothing is lost, and the device is found at once, though its
// connection to the server died without a word.
func TestRouterRestarts(t *testing.T) {
	for _, side := range []string{"app", "device"} {
		t.Run(side, func(t *testing.T) {
			n := lab.New(t, lab.Options{Seed: 1})
			serverHost := n.PublicHost("server", lab.Link{})
			server := startServer(t, serverHost)
			// As behind many firewalls: who sends on a connection that is not known any more is not told.
			silent := serverHost.Command("nft", "add table ip silent; add chain ip silent out { type filter hook output priority 0; }; add rule ip silent out tcp flags rst drop")
			if out, err := silent.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			link := lab.Link{Delay: ownLink, Rate: 20_000_000}
			homes := map[string]*lab.NAT{"app": n.NAT("app-home", lab.PortRestricted, link), "device": n.NAT("device-home", lab.PortRestricted, link)}
			device := startDevice(t, homes["device"].Host("device"), server)
			app := startApp(t, homes["app"].Host("app"), server)
			other := startApp(t, host(n, "other", "port-restricted"), server)
			app.connect(device)
			app.settle(onDirect)
			app.order("get 30000000")
			app.flow(2_000_000)
			moved, err := strconv.Atoi(app.order("moved"))
			if err != nil {
				t.Fatal(err)
			}
			homes[side].Renumber()
			clock := stopwatch()
			app.flow(moved + 1_000_000) // some of it was on its way
			again := clock.Elapsed()
			other.connect(device)
			found := clock.Elapsed()
			t.Logf("bytes flow again after %v, another app has connected after %v", again, found)
			if again > atOnce || found > atOnce {
				t.Errorf("want %v at most", atOnce)
			}
			if answer := app.order("done"); answer != "ok" {
				t.Error("bytes were lost on the way")
			}
		})
	}
}
