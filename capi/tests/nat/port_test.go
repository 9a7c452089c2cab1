package nat

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// Networks that pass nothing but TCP to port 443: the server has all of its services there, and the rest of what it tells of
// is dropped without a word.
func TestNothingButPort443(t *testing.T) {
	n := lab.New(t, lab.Options{Seed: 1})
	serverHost := n.PublicHost("server", lab.Link{})
	firewall := serverHost.Command("nft", "add table ip firewall; add chain ip firewall in { type filter hook input priority 0; policy drop; }; "+
		"add rule ip firewall in iif lo accept; add rule ip firewall in tcp dport 443 accept")
	if out, err := firewall.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := startServer(t, serverHost, "-self-signed", filepath.Join(t.TempDir(), "own.pem"),
		"-mqtt", "", "-mqtts", ":443", "-wss", ":443", "-turns", ":443")
	pin, found := strings.CutPrefix(server, "mqtts://"+serverHost.IP().String()+":443?pin=")
	if !found {
		t.Fatalf("the server is at %s", server)
	}
	device := startDevice(t, host(n, "device", "UDP blocked"), server)
	for _, scheme := range []string{"mqtts", "wss"} {
		t.Run(scheme, func(t *testing.T) {
			app := startApp(t, host(n, "app-"+scheme, "UDP blocked"), scheme+"://"+serverHost.IP().String()+":443?pin="+pin)
			if c := app.connect(device); c.path != pathRelay {
				t.Errorf("path %d, want %d", c.path, pathRelay)
			}
			app.transfer("get 300000")
			app.transfer("put 300000")
		})
	}
}
