package nat

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// startMiniupnpd makes a router do what its hosts ask it for, with the program that most home routers have inside.
func startMiniupnpd(t *testing.T, home *lab.NAT, speaks string) {
	t.Helper()
	program := need(t, "miniupnpd")
	router := home.Router()
	rules := `
		insert rule ip lab input iifname br0 accept
		table inet mapped {
			chain forward { type filter hook forward priority 0; jump asked; }
			chain asked { }
			chain prerouting { type nat hook prerouting priority -100; jump to_hosts; }
			chain to_hosts { }
			chain postrouting { type nat hook postrouting priority 100; jump from_hosts; }
			chain from_hosts { }
		}`
	nft := router.Command("nft", "-f", "-")
	nft.Stdin = strings.NewReader(rules)
	if out, err := nft.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	onOff := map[bool]string{true: "yes", false: "no"}
	config := fmt.Sprintf(`
ext_ifname=wan0
listening_ip=br0
enable_upnp=%s
enable_natpmp=%s
secure_mode=yes
upnp_table_name=mapped
upnp_nat_table_name=mapped
upnp_forward_chain=asked
upnp_nat_chain=to_hosts
upnp_nat_postrouting_chain=from_hosts
lease_file=%s/leases
allow 1024-65535 10.0.0.0/8 1024-65535
`, onOff[speaks == "UPnP"], onOff[speaks != "UPnP"], t.TempDir())
	start(t, router, "", program, "-d", "-P", t.TempDir()+"/pid", "-f", write(t, "miniupnpd.conf", config))
	asking := home.Host("asking")
	await.Until(t, "the router answers", func() bool {
		var err error
		asking.Do(func() {
			port, question := "5351", "\x00\x00" // RFC 6886, section 3.2
			if speaks == "UPnP" {
				port, question = "1900", "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: upnp:rootdevice\r\n\r\n"
			}
			var conn net.Conn
			if conn, err = net.Dial("udp", net.JoinHostPort(router.IP().String(), port)); err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, question)
			conn.SetReadDeadline(time.Now().Add(time.Second))
			_, err = conn.Read(make([]byte, 1500))
		})
		return err == nil
	})
}

// mappings are the rules that a router has been asked for.
func mappings(t *testing.T, home *lab.NAT) int {
	t.Helper()
	out, err := home.Router().Command("nft", "list", "chain", "inet", "mapped", "to_hosts").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Count(string(out), "dnat")
}

// Two symmetric NATs: one of them maps a port when it is asked, and no relay is needed.
func TestMappedPort(t *testing.T) {
	for _, c := range []struct{ side, speaks string }{{"app", "PCP"}, {"device", "PCP"}, {"app", "UPnP"}, {"device", "UPnP"}, {"nobody", "PCP"}} {
		t.Run(c.side+", "+c.speaks, func(t *testing.T) {
			side := c.side
			n := lab.New(t, lab.Options{Seed: 1, NATs: netip.MustParsePrefix("192.0.1.0/24")})
			server := startServer(t, n.PublicHost("server", lab.Link{}))
			link := lab.Link{Delay: ownLink}
			homes := map[string]*lab.NAT{"app": n.NAT("app-home", lab.Symmetric, link), "device": n.NAT("device-home", lab.Symmetric, link)}
			home, want := homes[side], onDirect
			if home == nil {
				home, want = homes["app"], onRelay
			}
			startMiniupnpd(t, home, c.speaks)
			var environment []string
			if side == "nobody" {
				environment = []string{"THINGP2P_PORT_MAPPING=off"}
			}
			device := startDevice(t, homes["device"].Host("device"), server)
			app := startWith(t, homes["app"].Host("app"), append(environment, "THINGP2P_SERVER="+server), filepath.Join(workDir, "app"))
			app.connect(device)
			app.settle(want)
			app.transfer("get 300000")
			app.transfer("put 300000")
			app.settleBoth(want)
			if n := mappings(t, home); (n == 1) != (side != "nobody") {
				t.Errorf("the router maps %d ports", n)
			}
			if side == "app" {
				app.Stdin.Close() // it ends
				await.Until(t, "the router maps no port any more", func() bool { return mappings(t, home) == 0 })
			}
		})
	}
}
