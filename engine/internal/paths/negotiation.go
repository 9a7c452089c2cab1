package paths

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/patience"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Negotiation is one attempt to find paths between an app and a device: both
// sides exchange candidates through the server, and ICE agents try them.
//
// Each side has two bases, its socket and perhaps a relay. An agent works
// between one base here and one there, so there are up to four of them, the
// lanes. Both sides derive a lane's credentials from those in the offer and the
// answer.
type Negotiation struct {
	Terms
	ground  *Ground
	signals *signal.Client
	checks  *base.Checks
	log     *slog.Logger

	inbox   chan *signal.Message
	Found   chan Found // what the lanes selected
	Refused chan codes.Code
	Heard   chan struct{} // closed at the first answer

	// Of the goroutine of run.
	Local, remote credentials  // remote is empty until it is known
	begun         time.Time    // then
	pass          *gate.Secret // nil until then
	candidates    []signal.Candidate
	peers         []signal.Candidate
	lanes         map[Lane]*agent
	answered      bool
	wantRelay     bool            // asked for
	wantTCP       bool            // one that is reached by TCP
	offline       <-chan struct{} // closed when the server is back; nil: it is there
	suspicion     *patience.Timer // UDP may be blocked
	unproven      *patience.Timer // QUIC may be
	doubtful      bool            // checks have come, and unproven runs
	remapped      <-chan struct{} // what the NAT maps to the socket

	again      chan struct{} // the offer is to be repeated now
	checked    chan struct{} // checks come
	reached    atomic.Bool   // QUIC has come on one of the paths
	gotRelay   chan *base.Relay
	gotAddress chan netip.AddrPort
	RelaySeen  atomic.Bool // either side has one
	workers    panics.Group

	relayMu  sync.Mutex
	relays   []signal.Candidate // of the peer
	relay    *base.Relay        // nil: none yet, or taken
	newest   *base.Relay        // taken or not; written by run's goroutine
	released bool
	opened   []func() // each ends the use of a relay that OpenRelay has made one of the endpoint's
}

// offerIntervals are the times between an offer and the next, until a path is
// found: the last one repeats. A repeated offer also brings answers and
// candidates again that were lost.
var offerIntervals = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}

// unansweredOffers are so many that it may be the connection to the server that is dead.
const unansweredOffers = 3

// udpPatience is how long a STUN server may take to answer before UDP counts as
// blocked.
const udpPatience = 250 * time.Millisecond

// quicPatience is how long QUIC may take to come after ICE's checks have. There are
// firewalls that let only STUN pass, and paths that carry its short packets and not the
// 1200 bytes that QUIC needs (RFC 9000, section 14): then a relay of one's own is the way,
// which can be reached by TCP. It is for the side that is behind such a thing, so both do it.
const quicPatience = time.Second

func NewNegotiation(g *Ground, signals *signal.Client, terms Terms) *Negotiation {
	n := &Negotiation{
		Terms:      terms,
		ground:     g,
		signals:    signals,
		checks:     base.NewChecks(g.Mux.Pacer, terms.Stranger),
		log:        g.Log.With("trace", terms.ID),
		inbox:      make(chan *signal.Message, 32),
		Found:      make(chan Found, 4*maxSelected),
		Refused:    make(chan codes.Code, 1),
		Heard:      make(chan struct{}),
		Local:      credentials{rand.Text()[:8], rand.Text()},
		lanes:      make(map[Lane]*agent),
		gotRelay:   make(chan *base.Relay, 2), // of two who ask
		gotAddress: make(chan netip.AddrPort, 1),
		checked:    make(chan struct{}, 1),
		again:      make(chan struct{}, 1),
	}
	n.workers.Guard = panics.Guard{Log: n.log, Failed: n.failed}
	n.suspicion, n.unproven = patience.NewTimer(n.workers.Guard), patience.NewTimer(n.workers.Guard)
	n.checks.Mapped = n.Journal.Mapped
	return n
}

// failed tells who waits for a path that there is a fault of ours.
func (n *Negotiation) failed() {
	select {
	case n.Refused <- codes.ErrInternal:
	default: // somebody has said why already
	}
}

// Receive hands over a message from the peer; it never blocks.
func (n *Negotiation) Receive(m *signal.Message) {
	select {
	case n.inbox <- m:
	default: // the peer repeats what matters
	}
}

// Repeat makes an app's offer leave again now: there is a reason to think that it is heard
// this time. It never blocks.
func (n *Negotiation) Repeat() {
	select {
	case n.again <- struct{}{}:
	default: // it is about to
	}
}

// agreeOnPass makes what lets the app's handshakes in at the device.
func (n *Negotiation) agreeOnPass() {
	if n.isApp() {
		n.pass = gate.ICESecret(n.Local.Pwd, n.remote.Pwd)
		return
	}
	n.pass = gate.ICESecret(n.remote.Pwd, n.Local.Pwd)
	if v := n.ground.Visitors; v != nil {
		v.Honour(n.pass)
	}
}

// expect makes the device's socket take a handshake from an address of the app.
func (n *Negotiation) expect(address netip.AddrPort) {
	if v := n.ground.Visitors; v != nil {
		v.Expect(address)
	}
}

func (n *Negotiation) isApp() bool { return n.ground.Role == signal.App }

// Run works until ctx ends.
func (n *Negotiation) Run(ctx context.Context) {
	defer n.workers.Recover()
	defer n.release()
	defer n.suspicion.Stop()
	defer n.unproven.Stop()
	n.gather(ctx)
	var repeat <-chan time.Time
	var timer *time.Timer
	if n.isApp() {
		n.sendOffer()
		timer = time.NewTimer(offerIntervals[0])
		defer timer.Stop()
		repeat = timer.C
	}
	offers := 1
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-n.inbox:
			n.handle(ctx, m)
		case <-repeat:
			n.sendOffer()
			if offers == unansweredOffers && n.remote == (credentials{}) {
				n.signals.Doubt()
			}
			timer.Reset(offerIntervals[min(offers, len(offerIntervals)-1)])
			offers++
		case <-n.again:
			if n.isApp() {
				n.sendOffer()
			}
		case <-n.offline:
			n.offline = nil
			if n.isApp() {
				n.sendOffer()
			}
		case address := <-n.gotAddress:
			n.suspicion.Stop()
			n.addCandidate(signal.Candidate{Type: signal.ServerReflexive, Address: address})
		case <-n.remapped:
			var address netip.AddrPort
			if address, n.remapped = n.ground.Mapping.Address(); address.IsValid() {
				n.addCandidate(signal.Candidate{Type: signal.ServerReflexive, Address: address})
			}
		case <-n.suspicion.C:
			n.ground.Reflexive.suspect()
			n.log.Debug("UDP seems to be blocked")
			n.askForRelay(ctx, false)
		case <-n.checked:
			if !n.doubtful {
				n.doubtful = true
				n.unproven.Reset(quicPatience)
			}
		case <-n.unproven.C:
			if n.Policy != RelayNever && !n.reached.Load() && (n.newest == nil || n.newest.ByUDP) {
				n.log.Debug("checks come, and QUIC does not")
				n.askForRelay(ctx, true) // what swallows QUIC does so on the way to a relay by UDP, too
			}
		case r := <-n.gotRelay:
			n.useRelay(r)
		}
	}
}

// gather collects the own candidates; those that take time come later. An app
// asks for a relay at once, to have it when it turns out to be needed; one side
// is enough, so a device does only if it cannot use UDP.
func (n *Negotiation) gather(ctx context.Context) {
	address, blocked := n.ground.Reflexive.Cached()
	if n.Policy != RelayOnly {
		n.candidates = HostCandidates(n.ground.Net, n.ground.Port())
		var mapped netip.AddrPort
		mapped, n.remapped = n.ground.Mapping.Address()
		if address.IsValid() {
			n.candidates = append(n.candidates, signal.Candidate{Type: signal.ServerReflexive, Address: address})
		}
		if mapped.IsValid() && mapped != address {
			n.candidates = append(n.candidates, signal.Candidate{Type: signal.ServerReflexive, Address: mapped})
		}
		for _, c := range n.candidates {
			n.Journal.OwnCandidate(string(c.Type), c.Address)
		}
		n.lane(Lane{})
	}
	n.workers.Go(func() { n.refreshAddress(ctx) })
	if n.isApp() || blocked || n.Policy == RelayOnly {
		n.askForRelay(ctx, false)
	} else {
		n.suspicion.Reset(udpPatience)
	}
}

func (n *Negotiation) refreshAddress(ctx context.Context) {
	servers, known := n.signals.ICE()
	select {
	case <-known:
		servers, _ = n.signals.ICE()
	case <-ctx.Done():
		return
	}
	n.Journal.SawServer()
	address, err := n.ground.LearnAddress(ctx, servers.STUN, n.Journal.AskSTUN)
	if err != nil {
		n.log.Debug("no server-reflexive address", "error", err)
		if ctx.Err() == nil {
			n.Journal.FailSTUN(err, errors.Is(err, base.ErrSTUNTimeout))
		}
		return
	}
	n.gotAddress <- address
	n.Journal.GotSTUN(address)
	for _, m := range n.ground.Reflexive.compare(ctx, servers.STUN) {
		n.Journal.Mapped(m.from, m.seen)
	}
}

// addCandidate tells the peer of a new address; without an offer or an answer
// yet, that will.
func (n *Negotiation) addCandidate(c signal.Candidate) {
	if n.Policy == RelayOnly && c.Type != signal.Relayed {
		return
	}
	for _, known := range n.candidates {
		if known == c {
			return
		}
	}
	n.candidates = append(n.candidates, c)
	n.Journal.OwnCandidate(string(c.Type), c.Address)
	if n.isApp() || n.answered {
		n.send(&signal.Message{Kind: signal.Candidates, Candidates: []signal.Candidate{c}})
	}
}

func (n *Negotiation) sendOffer() {
	n.Journal.Offer()
	n.sendDescription(signal.Offer)
}

func (n *Negotiation) sendDescription(kind signal.Kind) {
	m := &signal.Message{
		Kind:       kind,
		Proof:      n.Proof,
		Statement:  n.Statement,
		Trace:      n.Trace,
		Ufrag:      n.Local.Ufrag,
		Pwd:        n.Local.Pwd,
		Candidates: n.candidates,
	}
	if kind == signal.Offer {
		m.MLKEM = n.OwnKey
	}
	n.send(m)
}

func (n *Negotiation) send(m *signal.Message) {
	m.Attempt = n.ID
	peer := signal.Device
	if !n.isApp() {
		peer = signal.App
	}
	if err := n.signals.Send(peer, n.PeerID, m); err != nil {
		n.log.Debug("message not sent", "kind", m.Kind, "error", err)
		n.awaitServer()
	}
}

// awaitServer makes an app repeat its offer as soon as the server is back, if it is gone.
func (n *Negotiation) awaitServer() {
	online := n.signals.Online()
	select {
	case <-online: // it takes no data, and that may last
	default:
		n.offline = online
	}
}

func (n *Negotiation) handle(ctx context.Context, m *signal.Message) {
	switch m.Kind {
	case signal.Offer, signal.Answer:
		if (m.Kind == signal.Answer) != n.isApp() {
			return
		}
		switch n.remote {
		case credentials{m.Ufrag, m.Pwd}:
		case credentials{}:
			n.Journal.Answer()
			n.begin(m)
			close(n.Heard)
			if n.Belongs != nil {
				n.Belongs(m.Statement)
			}
		default:
			if !n.isApp() || time.Since(n.begun) < restartInterval {
				return // the next offer brings the answer again
			}
			n.restart(m)
		}
		n.learn(m.Candidates)
		n.meetRelays(ctx)
		if m.Kind == signal.Offer {
			n.answered = true
			n.sendDescription(signal.Answer)
		}
	case signal.Candidates:
		n.learn(m.Candidates)
		n.meetRelays(ctx)
	case signal.Refusal:
		select {
		case n.Refused <- codes.Code(m.Code):
		default:
		}
	}
}

func (n *Negotiation) begin(m *signal.Message) {
	n.remote, n.begun = credentials{m.Ufrag, m.Pwd}, time.Now()
	n.agreeOnPass()
	n.checks.Trust(m.Pwd)
}

// restartInterval is how long a device stays with its credentials, at least: each others cost four
// agents. Two devices with one key would change them with each offer.
const restartInterval = time.Second

// restart is for a device that has begun anew (RFC 8445, section 2.4), since it was started
// again, or the session that it had made of this attempt ended before the app knew of it.
func (n *Negotiation) restart(m *signal.Message) {
	n.log.Debug("the device has begun anew")
	for _, a := range n.lanes {
		a.close()
	}
	clear(n.lanes)
	n.peers = nil
	n.relayMu.Lock()
	n.relays = nil
	n.relayMu.Unlock()
	n.checks.Renew()
	n.begin(m)
}

// useRelay makes a fresh allocation one of the bases, in place of an earlier one.
func (n *Negotiation) useRelay(r *base.Relay) {
	if n.newest != nil && (r.ByUDP || !n.newest.ByUDP) { // it comes too late
		r.Close()
		return
	}
	if n.OpenRelay != nil {
		drop, err := n.OpenRelay(r)
		if err != nil {
			n.log.Error("the relay cannot be used", "error", err)
			drop()
			return
		}
		n.opened = append(n.opened, drop) // the app may be on its way over an earlier one
	}
	for l, a := range n.lanes {
		if n.ownRelayed(l) {
			a.close()
			delete(n.lanes, l)
		}
	}
	n.relayMu.Lock()
	unused := n.relay
	n.relay, n.newest = r, r
	n.relayMu.Unlock()
	if unused != nil && n.OpenRelay == nil {
		n.workers.Go(unused.Close)
	}
	n.RelaySeen.Store(true)
	n.Journal.GotRelay(r.Address)
	n.addCandidate(signal.Candidate{Type: signal.Relayed, Address: r.Address})
	n.openLanes()
}

// Accept notes that the peer has a session.
func (n *Negotiation) Accept() { n.checks.Accept() }

// Reached notes that QUIC has come through.
func (n *Negotiation) Reached() { n.reached.Store(true) }

// PeerRelays returns the peer's relays, if it has any.
func (n *Negotiation) PeerRelays() []signal.Candidate {
	n.relayMu.Lock()
	defer n.relayMu.Unlock()
	return slices.Clone(n.relays)
}

// release ends what the negotiation started, but a relay that was taken.
func (n *Negotiation) release() {
	for _, a := range n.lanes {
		a.close()
	}
	n.workers.Wait()
	for len(n.gotRelay) > 0 {
		(<-n.gotRelay).Close()
	}
	n.relayMu.Lock()
	unused := n.relay
	n.relay, n.released = nil, true
	n.relayMu.Unlock()
	if unused != nil && n.OpenRelay == nil {
		unused.Close()
	}
	for _, drop := range n.opened {
		drop()
	}
}
