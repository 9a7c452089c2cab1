package paths

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/journal"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Lane is a pair of bases.
type Lane struct{ AppRelayed, DeviceRelayed bool }

// suffix tells the credentials of the lanes apart.
func (l Lane) suffix() string {
	switch l {
	case Lane{false, false}:
		return "a"
	case Lane{true, false}:
		return "b"
	case Lane{false, true}:
		return "c"
	}
	return "d"
}

// Found is a way to the peer: one that ICE has found to work, or straight to
// an address.
type Found struct {
	Lane     Lane
	Remote   netip.AddrPort
	Pass     *gate.Secret // for the handshake; nil: who goes straight there has to knock
	Straight bool         // ICE has no part in it
	Near     bool         // the address answered in the local network
}

func (p Found) Relayed() bool { return p.Lane.AppRelayed || p.Lane.DeviceRelayed }

// Tell hands a path over to who waits for one. It never blocks: there is room for more
// than anybody tries.
func (n *Negotiation) Tell(p Found) {
	select {
	case n.Found <- p:
	default:
	}
}

// lane returns the agent of a lane, and makes it if there is none.
func (n *Negotiation) lane(l Lane) *agent {
	if a := n.lanes[l]; a != nil {
		return a
	}
	mux := n.ground.Mux
	if n.ownRelayed(l) {
		if n.newest == nil {
			return nil
		}
		mux = n.newest.Mux // which checks go through even while a dial has the relay
	}
	own := credentials{n.Local.Ufrag + l.suffix(), n.Local.Pwd}
	selected := func(remote netip.AddrPort) {
		n.log.Debug("ICE has found a path", "lane", l.suffix(), "remote", remote)
		n.Journal.Find(n.try(l, remote))
		n.Journal.Heard(remote)
		n.Tell(Found{Lane: l, Remote: remote, Pass: n.pass})
		n.noteCheck()
	}
	checked := func(from netip.AddrPort) {
		n.expect(from)
		n.Journal.Find(n.try(l, from))
		n.Journal.Heard(from)
		n.noteCheck()
	}
	a, err := newAgent(base.AgentMux{STUNMux: mux, Checks: n.checks}, own, n.isApp(), selected, checked, n.ground.Net, n.log)
	if err != nil {
		n.log.Error("no ICE agent", "error", err)
		return nil
	}
	n.lanes[l] = a
	if n.remote != (credentials{}) {
		n.startLane(l, a)
	}
	return a
}

func (n *Negotiation) noteCheck() {
	select {
	case n.checked <- struct{}{}:
	default: // one is enough
	}
}

func (n *Negotiation) startLane(l Lane, a *agent) {
	a.start(credentials{n.remote.Ufrag + l.suffix(), n.remote.Pwd}, n.isApp())
	for _, c := range n.peers {
		n.tell(l, a, c)
	}
}

// tell makes a lane try a candidate, if it belongs to it.
func (n *Negotiation) tell(l Lane, a *agent, c signal.Candidate) {
	if !n.fits(l, c) {
		return
	}
	if n.ownRelayed(l) {
		n.newest.Expect(c.Address.Addr())
	}
	n.Journal.Check(n.try(l, c.Address), string(c.Type))
	a.add(c)
}

// try is what the journal calls a path.
func (n *Negotiation) try(l Lane, remote netip.AddrPort) journal.Key {
	return journal.Key{OwnRelay: n.ownRelayed(l), PeerRelay: n.peerRelayed(l), Remote: remote}
}

func (n *Negotiation) ownRelayed(l Lane) bool {
	if n.isApp() {
		return l.AppRelayed
	}
	return l.DeviceRelayed
}

func (n *Negotiation) peerRelayed(l Lane) bool {
	if n.isApp() {
		return l.DeviceRelayed
	}
	return l.AppRelayed
}

// fits reports whether a candidate of the peer belongs to a lane. A relay is
// told of public addresses only, since each IP address costs it a permission,
// and it cannot reach others.
func (n *Negotiation) fits(l Lane, c signal.Candidate) bool {
	if n.peerRelayed(l) != (c.Type == signal.Relayed) {
		return false
	}
	if n.ownRelayed(l) && c.Type == signal.Host {
		return !hosts.IsLocal(c.Address.Addr())
	}
	return true
}

// learn adds candidates of the peer, and lanes to use them. Host candidates, which
// may mean something only near the peer, come after others, if it has others.
func (n *Negotiation) learn(candidates []signal.Candidate) {
	isHost := func(c signal.Candidate) bool { return c.Type == signal.Host }
	others := slices.ContainsFunc(candidates, func(c signal.Candidate) bool { return !isHost(c) })
	for _, c := range candidates {
		if len(n.peers) >= signal.MaxCandidates || slices.Contains(n.peers, c) {
			continue
		}
		n.peers = append(n.peers, c)
		n.Journal.PeerCandidate(string(c.Type), c.Address)
		if !isHost(c) || !others {
			n.checks.Prefer(c.Address)
		}
		n.expect(c.Address)
		if c.Type == signal.Relayed {
			n.RelaySeen.Store(true)
			n.relayMu.Lock()
			n.relays = append(n.relays, c)
			n.relayMu.Unlock()
		}
		for l, a := range n.lanes {
			if a.started() {
				n.tell(l, a, c)
			}
		}
	}
	n.openLanes()
}

// openLanes makes the lanes for which there are bases on both sides, and starts
// those that wait for the peer's credentials.
func (n *Negotiation) openLanes() {
	if n.remote == (credentials{}) {
		return
	}
	peerRelay := slices.ContainsFunc(n.peers, func(c signal.Candidate) bool { return c.Type == signal.Relayed })
	for _, own := range []bool{false, true} {
		for _, peer := range []bool{false, true} {
			if own && n.newest == nil || peer && !peerRelay || !own && !peer && n.Policy == RelayOnly {
				continue
			}
			l := Lane{own, peer}
			if !n.isApp() {
				l = Lane{peer, own}
			}
			if a := n.lane(l); a != nil && !a.started() {
				n.startLane(l, a)
			}
		}
	}
}

// relayPauses are the times after which an allocation that failed is tried again; the last one repeats.
var relayPauses = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

// askForRelay allocates on a TURN server in the background. One that is reached by TCP, if
// that is wanted, takes the place of one that is reached by UDP, which may be on its way still:
// where UDP is of no use only servers that are reached otherwise are asked, if there are any.
func (n *Negotiation) askForRelay(ctx context.Context, byTCP bool) {
	if n.wantTCP || n.wantRelay && !byTCP || n.Policy == RelayNever {
		return
	}
	asked := n.wantRelay
	n.wantRelay, n.wantTCP = true, byTCP
	n.workers.Go(func() {
		for failures := 0; ; failures++ {
			others := n.signals.NewICE()
			servers := n.signals.Relays(ctx)
			if byTCP {
				streams := slices.DeleteFunc(slices.Clone(servers), byUDP)
				if len(streams) > 0 {
					servers = streams
				} else if asked {
					return
				}
			}
			n.Journal.AskRelay()
			r, err := n.allocate(ctx, servers, others, byTCP)
			if err == nil {
				n.gotRelay <- r
				return
			}
			n.log.Debug("no relay", "error", err)
			if ctx.Err() == nil {
				refused := errors.Is(err, base.ErrRelayRefused)
				n.Journal.FailRelay(err, refused)
				if refused {
					n.signals.AskICE()
				}
			}
			pause := time.NewTimer(relayPauses[min(failures, len(relayPauses)-1)])
			select {
			case <-pause.C:
			case <-others: // the server is back, or another one, or has a new secret
			case <-ctx.Done():
				pause.Stop()
				return
			}
			pause.Stop()
		}
	})
}

// meetRelays is for a host that has no IPv4 and no way to it: relays are IPv4, so the peer's
// is reached from one of our own, if at all.
func (n *Negotiation) meetRelays(ctx context.Context) {
	relayed := func(c signal.Candidate) bool { return c.Type == signal.Relayed && c.Address.Addr().Is4() }
	if slices.ContainsFunc(n.peers, relayed) && !reachesIPv4(n.ground.Net) {
		n.askForRelay(ctx, false)
	}
}

func reachesIPv4(network hosts.Network) bool {
	useful := func(p netip.Prefix) bool {
		return p.Addr().Is4() && !p.Addr().IsLinkLocalUnicast() && !p.Addr().IsLoopback()
	}
	return network.NAT64() != nil || slices.ContainsFunc(network.Prefixes(), useful)
}

// allocate gives up when the servers may be others: a server that has moved is not where it was.
func (n *Negotiation) allocate(ctx context.Context, servers []signal.TURNServer, others <-chan struct{}, byTCP bool) (*base.Relay, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n.workers.Go(func() {
		select {
		case <-others:
			cancel()
		case <-ctx.Done():
		}
	})
	_, blocked := n.ground.Reflexive.Cached()
	return n.ground.Relays.Allocate(ctx, orderRelays(servers, blocked || byTCP), base.HeadStart)
}

// TakeRelay makes the caller the owner of the relay.
func (n *Negotiation) TakeRelay() *base.Relay {
	n.relayMu.Lock()
	defer n.relayMu.Unlock()
	r := n.relay
	n.relay = nil
	return r
}

// GiveBack is for a relay that was taken and is of no use yet.
func (n *Negotiation) GiveBack(r *base.Relay) {
	n.relayMu.Lock()
	replaced := n.newest != r || n.released
	if !replaced {
		n.relay = r
	}
	n.relayMu.Unlock()
	if replaced {
		r.Close()
	}
}

// byUDP is how TURN is spoken where the URI says nothing else (RFC 7065).
func byUDP(s signal.TURNServer) bool {
	return !strings.HasPrefix(s.URL, "turns:") && !strings.HasSuffix(s.URL, "transport=tcp")
}

// orderRelays sorts the servers by what they cost: UDP, TCP, TLS; UDP last if
// it is of no use.
func orderRelays(servers []signal.TURNServer, udpBlocked bool) []signal.TURNServer {
	rank := func(s signal.TURNServer) int {
		switch {
		case byUDP(s) && !udpBlocked:
			return 0
		case byUDP(s):
			return 3
		case strings.HasPrefix(s.URL, "turns:"):
			return 2
		}
		return 1
	}
	sorted := slices.Clone(servers)
	slices.SortStableFunc(sorted, func(a, b signal.TURNServer) int { return cmp.Compare(rank(a), rank(b)) })
	return sorted
}
