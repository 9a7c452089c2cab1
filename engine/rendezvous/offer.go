package rendezvous

import (
	"net/netip"
	"slices"
	"time"
)

// offer is what clients are told of: this server's own services and others, with credentials for a time.
type offer struct {
	servers iceServers
	ttl     time.Duration
}

func (o *offer) personal(account string, now time.Time) []byte {
	return o.servers.personal(account, now, now.Add(o.ttl))
}

func (o *offer) shared(now time.Time) []byte { return o.servers.shared(now.Add(o.ttl)) }

// SetOffer gives a running server another Config's TURNURLs and TTL, and publishes new credentials.
func (s *Server) SetOffer(cfg Config) {
	s.setOffer(cfg.withDefaults())
	s.publish.republish()
}

// setOffer leaves out what check refuses.
func (s *Server) setOffer(cfg Config) {
	o := &offer{servers: iceServers{slices.Clone(s.own.stun), slices.Clone(s.own.turn), s.own.secret}, ttl: cfg.TTL}
	var others []netip.AddrPort
	for _, url := range cfg.TURNURLs {
		u, err := parseTURNURL(url)
		if err != nil {
			continue
		}
		if u.stun {
			o.servers.stun = append(o.servers.stun, u.hostPort)
			if address, err := netip.ParseAddrPort(u.hostPort); err == nil {
				others = append(others, netip.AddrPortFrom(address.Addr().Unmap(), address.Port()))
			}
		}
		o.servers.turn = append(o.servers.turn, TURNServer{URL: url})
	}
	s.turn.relays.setOthers(others)
	s.offer.Store(o)
}
