package engine

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// follower is the way of a device's session: QUIC follows the app to where its packets
// come from. All that the device can do is to look for paths when the app does, and to
// tell it when nothing comes.
type follower struct {
	device *Device
	conn   *quicConn
	peer   Peer
	key    []byte       // of the app, for ML-KEM, if its offer has told it
	via    *deviceRelay // the relay of ours that it came through, or nil
	routes routes

	relays   addressSet // of the app
	searches searches
	telling  atomic.Bool
}

// newFollower holds via, if there is one, until close.
func newFollower(d *Device, conn *quicConn, peer Peer, via *deviceRelay) *follower {
	if via != nil {
		via.hold()
	}
	f := &follower{device: d, conn: conn, peer: peer, via: via, routes: routes{network: d.config.network, port: d.socket.Port}}
	f.where()
	return f
}

// rerouted ends the searches that look from where this host is no more: the app's next offer
// begins anew.
func (f *follower) rerouted() bool {
	if !f.routes.rerouted() {
		return false
	}
	f.searches.end()
	return true
}

func (f *follower) where() route {
	remote := f.routes.network.NAT64().In(hosts.AddrPort(f.conn.RemoteAddr()))
	if f.via != nil || f.relays.has(remote) {
		return f.routes.to(remote, PathRelay)
	}
	return f.routes.straightTo(remote)
}

// lost tells the app that nothing comes from it any more: only the app can move a
// session to another path. Its turn is as long as it takes to look again.
func (f *follower) lost(bool) {
	if !f.telling.CompareAndSwap(false, true) {
		return
	}
	defer f.telling.Store(false)
	if f.device.repairs.begin(f.conn.Context(), f.conn.answered, f.conn.answered()) {
		f.device.workers.After(lookInterval, f.device.repairs.end)
		f.tell()
	}
}

func (f *follower) tell() {
	f.device.mu.Lock()
	client := f.device.signals
	f.device.mu.Unlock()
	if client == nil {
		return
	}
	f.device.log.Info("the path is silent, telling the app", "trace", f.peer.TraceID)
	client.Doubt() // which may have died with it
	client.SendSealed(signal.App, f.peer.AppID, f.key, &signal.Message{
		Kind: signal.Silence, Attempt: f.peer.TraceID, Trace: f.peer.TraceID,
	})
}

// attach: a device's session ends by itself.
func (f *follower) attach(_ func(Code), moved func()) {
	f.conn.whenMoved(f.device.workers.Guard, func() {
		f.searches.reached()
		moved()
	})
}

// settled ends the searches that the app may mean, which has ended its own. It does not say which: what has
// begun within a round trip, it did not know when it said so.
func (f *follower) settled() {
	for _, id := range f.searches.endBefore(time.Now().Add(-f.conn.ConnectionStats().SmoothedRTT)) {
		f.device.negotiations.end(f.peer.AppID, id, lateRepeats) // the server may be slower than QUIC
	}
}

func (f *follower) close() {
	f.searches.end()
	if f.via != nil {
		f.via.letGo()
	}
}

type searching struct {
	n     *paths.Negotiation
	stop  context.CancelFunc
	begun time.Time
}

// searches are the device's negotiations for one session. They end when the app
// has no more use for them.
type searches struct {
	mu  sync.Mutex
	all map[string]searching // by attempt
}

func (s *searches) add(n *paths.Negotiation, stop context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[string]searching)
	}
	s.all[n.ID] = searching{n, stop, time.Now()}
}

// reached is for an app that has moved: one of the paths carries it.
func (s *searches) reached() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		one.n.Reached()
	}
}

// forget is for one that has ended: apps may search again and again, also by the same attempt.
func (s *searches) forget(n *paths.Negotiation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[n.ID].n == n {
		delete(s.all, n.ID)
	}
}

func (s *searches) end() { s.endBefore(time.Now()) }

// endBefore ends those that had begun by then, and returns their attempts.
func (s *searches) endBefore(then time.Time) (ended []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, one := range s.all {
		if !one.begun.After(then) {
			one.stop()
			delete(s.all, id)
			ended = append(ended, id)
		}
	}
	return ended
}

// addressSet is a small set that anybody may read and one peer fills.
type addressSet struct {
	mu        sync.Mutex
	addresses []netip.AddrPort
}

const maxAddressSet = 32

func (s *addressSet) add(candidates []signal.Candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range candidates {
		if slices.Contains(s.addresses, c.Address) {
			continue // offers are repeated
		}
		if len(s.addresses) == maxAddressSet {
			s.addresses = s.addresses[1:] // the oldest has had its time
		}
		s.addresses = append(s.addresses, c.Address)
	}
}

func (s *addressSet) has(address netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.addresses, address)
}

func relayedOnly(candidates []signal.Candidate) []signal.Candidate {
	var relayed []signal.Candidate
	for _, c := range candidates {
		if c.Type == signal.Relayed {
			relayed = append(relayed, c)
		}
	}
	return relayed
}
