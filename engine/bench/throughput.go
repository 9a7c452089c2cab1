//go:build linux

package bench

import (
	"fmt"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

const (
	veth     = "veth pair"
	loopback = "loopback"
)

// throughput is how fast it goes where only the processor limits. Both ends share
// its cores.
func throughput(s Size, where string) group {
	g := group{
		name: "throughput, " + where, letter: "c", serial: true,
		about: "As fast as the processor allows, both ends on this machine, MTU 1500 on the veth pair; CPU is that of both processes. " +
			"Of eight channels, seven carry bulk and one commands; TLS has a connection for each.",
	}
	contenders := []contender{ours, stock, cubic}
	length := pick(s, 3*time.Second, 1250*time.Millisecond)
	type condition struct {
		name, kind string
		mask       int
	}
	conditions := []condition{
		{"device sends, one channel", get, videoChannel},
		{"device sends, eight channels", get, bulkChannels},
		{"app sends, one channel", put, videoChannel},
		{"app sends, eight channels", put, bulkChannels},
	}
	if where == loopback {
		conditions = conditions[:1]
	}
	for _, one := range conditions {
		g.each(one.name, contenders, s.runs, length, func(j *job, c contender) {
			app := j.neighbours(where, c)
			app.run(one.kind, one.mask, length, 0)
			r := app.report(length)
			if r.Bytes == 0 {
				j.Fatalf("no byte arrived")
			}
			j.set("rate", r.rate())
			j.set("cpu", r.cpuPerGB())
		})
	}
	g.rows = func(r *results) (rows []Row) {
		for _, one := range conditions {
			rows = append(rows,
				r.row(g.name, one.name, "rate", one.name, "Mbit/s", More, stock, cubic),
				r.row(g.name, one.name, "cpu", one.name+", CPU", "s/GB", Less, stock, cubic))
		}
		return rows
	}
	if where == veth {
		g.plots = func(r *results) []plot {
			p := bars{file: "throughput", title: "As fast as the processor allows, both ends on one machine: Mbit/s", unit: "Mbit/s"}
			for _, c := range contenders {
				p.series = append(p.series, c.name)
			}
			for _, one := range conditions {
				p.add(one.name, r.values(g.name, one.name, "rate", contenders))
			}
			return []plot{p}
		}
	}
	return g
}

// neighbours connects two hosts of one LAN, or two programs on one host.
func (j *job) neighbours(where string, c contender) *program {
	n := lab.New(j, lab.Options{})
	home := n.NAT("home", lab.PortRestricted, lab.Link{})
	device := home.Host("device")
	app := device
	if where == veth {
		app = home.Host("app")
	}
	server := ""
	if c.over == "" {
		server = j.startServer(n.PublicHost("server", lab.Link{}))
	}
	address, _ := j.device(c, device, server, firstPort)
	p := j.app(c, app, server)
	p.connect(address, false)
	return p
}

func (r *results) values(group, condition, metric string, contenders []contender) (values []Value) {
	for _, c := range contenders {
		values = append(values, r.value(group, condition, c.name, metric))
	}
	return values
}

// round is for people.
func round(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
