package rendezvous

import (
	"cmp"
	"context"
	"net/netip"
)

// SetSecret signs TURN credentials with another secret from now on, publishes new ones, and
// accepts what old ones have signed: see Config.OldSecrets.
func (s *Server) SetSecret(secret string, old []string) {
	s.turn.secrets.Store(&secrets{secret, old})
	s.publish.republish()
}

// SetLimits gives a running server the limits of another Config: MaxClients, MaxAddress,
// MaxRelays, MaxRelaysPerClient and RelayRate, and to whom relays send. Who is inside stays, also above
// a limit, and what a relay may send to it may for the five minutes of a permission.
func (s *Server) SetLimits(cfg Config) {
	relays := cmp.Or(cfg.MaxRelays, DefaultMaxRelays)
	if s.broker != nil {
		clients := cmp.Or(cfg.MaxClients, DefaultMaxClients)
		s.broker.door.limit(clients, cmp.Or(cfg.MaxAddress, DefaultMaxAddress))
		s.broker.presence.limit(retainedFor(clients))
	}
	s.turn.setPeerRules(cfg.AllowPrivatePeers, cfg.RelayAllow, cfg.RelayDeny)
	s.turn.door.limit(relays, maxRelaysPerIP)
	s.turn.relays.limit(relays, cmp.Or(cfg.MaxRelaysPerClient, DefaultMaxRelaysPerClient), float64(cmp.Or(cfg.RelayRate, DefaultRelayRate))/8)
}

func (d *door) limit(inside, insideAddress int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.maxInside, d.maxInsideAddress = inside, insideAddress
}

func (r *relays) limit(all, each int, rate float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.max, r.each, r.rate = all, each, rate
	for _, relay := range r.byPort {
		relay.quota.limit(rate)
	}
}

func (q *quota) limit(rate float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rate = rate
}

// Drain gives nobody a relay any more, and waits until those that there are have ended, or
// for ctx. Clients stay, so that sessions on a relay find another way.
func (s *Server) Drain(ctx context.Context) error {
	select {
	case <-s.turn.relays.drain():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// NotReady says why new clients are not welcome: after Drain, and while the outside broker is away, if there is one; "": they are.
func (s *Server) NotReady() string {
	if s.outside != nil && !s.outside.client.IsConnectionOpen() {
		return "the broker is not connected"
	}
	r := s.turn.relays
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drained != nil {
		return "about to stop"
	}
	return ""
}

// drain refuses new relays. The channel is closed once there is none.
func (r *relays) drain() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drained == nil {
		r.drained = make(chan struct{})
		r.noticeDrained()
	}
	return r.drained
}

// setOthers says where else relays are to be had, by UDP.
func (r *relays) setOthers(others []netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.others = others
}

// otherThan returns another server for a client, of its address family as RFC 8489, section 10, wants it,
// if there is one.
func (r *relays) otherThan(c client) netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range r.others {
		if other.Addr().Is4() == c.address.Addr().Is4() {
			return other
		}
	}
	return netip.AddrPort{}
}

// noticeDrained is called with the lock when a relay has gone, and by drain.
func (r *relays) noticeDrained() {
	if r.drained != nil && len(r.byPort) == 0 {
		select {
		case <-r.drained:
		default:
			close(r.drained)
		}
	}
}
