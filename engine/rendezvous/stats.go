package rendezvous

import (
	"crypto/tls"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Stats are what a server is doing, and what it has done since it started.
type Stats struct {
	Clients       int // connections to the embedded broker
	Devices, Apps int // of them that are logged in
	Logins        LoginStats

	// Devices of which the server knows whether they are online, those that are not among them
	// as long as there is room.
	Known, Offline int

	// Messages between apps and devices that were accepted for their inboxes, such as offers.
	ToDevices, ToApps uint64

	Relays        int               // TURN allocations
	RelaysRefused map[string]uint64 // by reason; each reason is there, also with 0
	// PeersRefused is how often a client asked to send to where no relay does.
	PeersRefused uint64
	// Bytes of payload that relays have passed on, from clients to peers and the other way, and
	// those that they have dropped, since a client sends or gets more than Config.RelayRate.
	RelayedToPeers, RelayedToClients, TooFast uint64

	// TLS handshakes that clients began, and those that came to their end.
	HandshakesBegun, Handshakes uint64
	CertificateExpires          time.Time // zero: there is none, or its pin is what counts
}

// Stats returns the server's figures.
func (s *Server) Stats() Stats {
	r := s.turn.relays
	stats := Stats{
		Relays: r.count(), RelaysRefused: r.refused.read(), PeersRefused: r.forbidden.Load(),
		RelayedToPeers: r.toPeers.Load(), RelayedToClients: r.toClients.Load(), TooFast: r.tooMuch.Load(),
		HandshakesBegun: s.accept.handshakes.begun.Load(), Handshakes: s.accept.handshakes.done.Load(),
		CertificateExpires: expiryOfCertificate(s.certified),
	}
	if b := s.broker; b != nil {
		stats.Clients = b.Clients()
		stats.Devices, stats.Apps = b.loggedIn()
		stats.Logins = b.counted.stats()
		stats.Known, stats.Offline = b.presence.count()
		to := b.messages.read()
		stats.ToDevices, stats.ToApps = to[string(ident.Device)], to[string(ident.App)]
	}
	return stats
}

func (b *Broker) loggedIn() (devices, apps int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.sessions {
		if c.who.role == ident.Device {
			devices++
		} else {
			apps++
		}
	}
	return devices, apps
}

// count returns how many devices have a status, and how many of them are not connected.
func (p *presence) count() (known, offline int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.here) + p.gone.Len(), p.gone.Len()
}

// handshakes counts those of TLS.
type handshakes struct{ begun, done atomic.Uint64 }

// expiryOfCertificate is zero where it cannot be told: without a configuration, or with one that chooses
// a certificate by what the client says.
func expiryOfCertificate(config *tls.Config) (expires time.Time) {
	defer panics.Guard{}.Recover()
	if config == nil {
		return
	}
	switch get := config.GetCertificate; {
	case get != nil:
		if c, err := get(new(tls.ClientHelloInfo)); err == nil && c != nil && c.Leaf != nil {
			return c.Leaf.NotAfter
		}
	case len(config.Certificates) > 0 && config.Certificates[0].Leaf != nil:
		return config.Certificates[0].Leaf.NotAfter
	}
	return time.Time{}
}
