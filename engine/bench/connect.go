//go:build linux

package bench

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const homeDelay = 10 * time.Millisecond // of each home's link: 40 ms round trip between homes, 20 ms to the server

const (
	direct  = "direct, between two port-restricted NATs"
	relayed = "by relay, between two symmetric NATs"
	local   = "in one local network, with no server"
)

// connectTime is from connect to a usable session, the server's connection being
// up. The others know the device's address and dial it without a NAT.
func connectTime(s Size) group {
	g := group{
		name: "connect", letter: "e", serial: true,
		about: "40 ms round trip, 20 ms to the server; none to speak of in the local network. The others are given the device's " +
			"address: no rendezvous, no NAT.",
	}
	connects := pick(s, 9, 3)
	for condition, kind := range map[string]lab.Kind{direct: lab.PortRestricted, relayed: lab.Symmetric, local: lab.PortRestricted} {
		contenders := []contender{ours}
		if condition != relayed {
			contenders = []contender{ours, stock, cubic}
		}
		g.each(condition, contenders, 1, time.Second, func(j *job, c contender) {
			n := lab.New(j, lab.Options{Seed: 1})
			link := lab.Link{Delay: homeDelay}
			var device, app *lab.Host
			server := ""
			if condition == local {
				home := n.NAT("home", kind, link)
				device, app = home.Host("device"), home.Host("app")
			} else if c == ours {
				server = j.startServer(n.PublicHost("server", lab.Link{}))
				device, app = n.NAT("device-home", kind, link).Host("device"), n.NAT("app-home", kind, link).Host("app")
			} else {
				device, app = n.PublicHost("device", link), n.PublicHost("app", link)
			}
			address, _ := j.device(c, device, server, firstPort)
			p := j.app(c, app, server)
			p.connect(address, condition == relayed) // warms up what a running app has
			p.order("close")
			var times []float64
			for range connects {
				times = append(times, float64(p.connect(address, condition == relayed).Microseconds())/1000)
				p.order("close")
			}
			j.set("time", median(times))
		})
	}
	g.rows = func(r *results) []Row {
		return []Row{
			r.row(g.name, direct, "time", direct, "ms", Less, stock, cubic),
			r.row(g.name, relayed, "time", relayed, "ms", Less),
			r.row(g.name, local, "time", local, "ms", Less, stock, cubic),
		}
	}
	return g
}
