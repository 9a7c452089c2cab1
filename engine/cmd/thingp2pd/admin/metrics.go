package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

var (
	clients  = describe("clients", "Clients that are logged in.")
	relays   = describe("relays", "Relays that are allocated.")
	accepted = describe("logins_accepted_total", "Logins that were accepted.")
	refused  = describe("logins_refused_total", "Logins that were refused, by the reason.", "reason")
	relayed  = describe("relayed_bytes_total", "Payload that passed the relays, by where it went.", "to")
	ready    = describe("ready", "Whether new clients are welcome: 0 while the server waits for its relays to end.")
	build    = describe("build_info", "The version, as a label of a constant 1.", "version")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("thingp2pd_"+name, help, labels, nil)
}

// collector reads a server's figures when it is asked for them.
type collector struct{ of Watched }

func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{clients, relays, accepted, refused, relayed, ready, build} {
		to <- d
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	stats := c.of.Stats()
	gauge(clients, float64(stats.Clients))
	gauge(relays, float64(stats.Relays))
	counter(accepted, stats.Logins.Accepted)
	for reason, n := range stats.Logins.Refused {
		counter(refused, n, reason)
	}
	counter(relayed, stats.RelayedToPeers, "peers")
	counter(relayed, stats.RelayedToClients, "clients")
	isReady := 0.0
	if c.of.Ready() {
		isReady = 1
	}
	gauge(ready, isReady)
	gauge(build, 1, rendezvous.Version)
}
