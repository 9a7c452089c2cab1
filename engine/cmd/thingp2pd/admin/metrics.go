package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// metric is a line, or one for each value of a label, of what Prometheus reads.
type metric struct {
	name string
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(rendezvous.Stats) map[string]float64 // by the label's value, "" without one
}

func gauge(name, help, label string, read func(rendezvous.Stats) map[string]float64) metric {
	return newMetric(prometheus.GaugeValue, name, help, label, read)
}

func counter(name, help, label string, read func(rendezvous.Stats) map[string]float64) metric {
	return newMetric(prometheus.CounterValue, name, help, label, read)
}

func newMetric(kind prometheus.ValueType, name, help, label string, read func(rendezvous.Stats) map[string]float64) metric {
	var labels []string
	if label != "" {
		labels = []string{label}
	}
	name = "thingp2pd_" + name
	return metric{name, prometheus.NewDesc(name, help, labels, nil), kind, read}
}

func one(value float64) map[string]float64 { return map[string]float64{"": value} }

func each(values map[string]uint64) map[string]float64 {
	all := map[string]float64{}
	for name, n := range values {
		all[name] = float64(n)
	}
	return all
}

var metrics = []metric{
	gauge("connections", "Connections to the embedded broker, logged in or not yet.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.Clients)) }),
	gauge("clients", "Clients that are logged in.", "kind",
		func(s rendezvous.Stats) map[string]float64 {
			return map[string]float64{"app": float64(s.Apps), "device": float64(s.Devices)}
		}),
	counter("logins_accepted_total", "Logins that were accepted.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.Logins.Accepted)) }),
	counter("logins_refused_total", "Logins that were refused, by the reason.", "reason",
		func(s rendezvous.Stats) map[string]float64 { return each(s.Logins.Refused) }),
	gauge("presence_devices", "Devices whose presence is known.", "state",
		func(s rendezvous.Stats) map[string]float64 {
			return map[string]float64{"online": float64(s.Known - s.Offline), "offline": float64(s.Offline)}
		}),
	counter("messages_total", "Messages between apps and devices, such as offers, by who gets them.", "to",
		func(s rendezvous.Stats) map[string]float64 {
			return map[string]float64{"app": float64(s.ToApps), "device": float64(s.ToDevices)}
		}),
	gauge("relays", "Relays that are allocated.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.Relays)) }),
	counter("relays_refused_total", "Relays that were refused, by the reason.", "reason",
		func(s rendezvous.Stats) map[string]float64 { return each(s.RelaysRefused) }),
	counter("relay_peers_refused_total", "Peers that a client may not send to, such as those of a private network.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.PeersRefused)) }),
	counter("relayed_bytes_total", "Payload that passed the relays, by where it went.", "to",
		func(s rendezvous.Stats) map[string]float64 {
			return map[string]float64{"clients": float64(s.RelayedToClients), "peers": float64(s.RelayedToPeers)}
		}),
	counter("relay_dropped_bytes_total", "Payload that relays dropped, since a client had more than its rate.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.TooFast)) }),
	counter("tls_handshakes_begun_total", "TLS handshakes that clients began.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.HandshakesBegun)) }),
	counter("tls_handshakes_total", "TLS handshakes that came to their end.", "",
		func(s rendezvous.Stats) map[string]float64 { return one(float64(s.Handshakes)) }),
	gauge("certificate_expiry_timestamp_seconds", "When the certificate expires, in Unix time; absent without one.", "",
		func(s rendezvous.Stats) map[string]float64 {
			if s.CertificateExpires.IsZero() {
				return nil
			}
			return one(float64(s.CertificateExpires.Unix()))
		}),
}

var (
	ready = newMetric(prometheus.GaugeValue, "ready", "Whether new clients are welcome: 0 while the server waits for its relays to end, or for its broker.", "", nil)
	build = newMetric(prometheus.GaugeValue, "build_info", "The version, as a label of a constant 1.", "version", nil)
)

// collector reads a server's figures when it is asked for them.
type collector struct{ of Watched }

func (c collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range append([]metric{ready, build}, metrics...) {
		to <- m.desc
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	tell := func(m metric, values map[string]float64) {
		for label, value := range values {
			var labels []string
			if label != "" {
				labels = []string{label}
			}
			to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
		}
	}
	stats := c.of.Stats()
	for _, m := range metrics {
		tell(m, m.read(stats))
	}
	isReady := 0.0
	if c.of.NotReady() == "" {
		isReady = 1
	}
	tell(ready, one(isReady))
	tell(build, map[string]float64{rendezvous.Version: 1})
}
