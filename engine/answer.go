package engine

import (
	"cmp"
	"context"
	"crypto/hmac"
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/journal"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// A device's negotiations at a time, with apps that are paired and with others, who
// take nothing from each other; offers beyond that wait, since apps repeat them. They
// are shared, or 200 offers of one app would shut out all others.
const (
	maxWithFriends = 96
	maxWithOthers  = 32
)

// knows reports whether an app is a friend, whom no crowd of strangers shall keep
// out.
func (d *Device) knows(appID string) bool {
	return d.state.Paired(appID) || d.negotiations.with(appID)
}

// hear is called for each message from the server that has passed the gate of
// package signal. What costs more than to read it is only for those with a right
// to connect.
func (d *Device) hear(client *signal.Client, m *signal.Message) {
	moved := d.follower(m.From, m.Trace)
	if moved != nil {
		moved.relays.add(relayedOnly(m.Candidates))
	}
	if n := d.negotiations.of(m.From, m.Attempt); n != nil {
		n.Receive(m)
		return
	}
	if m.Kind != signal.Offer {
		return
	}
	if m.Trace != "" && moved == nil { // the session to move has ended
		d.refuse(client, m, ErrClosedTimeout)
		return
	}
	if d.follower(m.From, m.Attempt) != nil || d.negotiations.isOver(m.From, m.Attempt) {
		return // the attempt has found a shorter way
	}
	stranger, code := d.mayAsk(m)
	if moved != nil {
		d.answer(client, m, moved, false, nil)
		return
	}
	j := d.reports.begin(m.Attempt, m.From, "", stranger)
	j.Offer()
	if code != OK {
		j.Finish(journal.End{Code: code, Signal: true, Ticket: !stranger})
		d.refuse(client, m, code)
		return
	}
	d.answer(client, m, nil, stranger, j)
}

func (d *Device) refuse(client *signal.Client, m *signal.Message, code Code) {
	client.SendSealed(signal.App, m.From, m.MLKEM, &signal.Message{Kind: signal.Refusal, Attempt: m.Attempt, Code: int32(code)})
}

// answer looks for paths to an app that has asked: for a new session, or for one that
// moves.
func (d *Device) answer(client *signal.Client, m *signal.Message, moved *follower, stranger bool, j *journal.Journal) {
	ctx, stop := context.WithTimeout(d.ctx, base.NegotiationTime)
	relay := d.config.Relay
	if moved != nil && relay == RelayAuto {
		relay = RelayNever // an app moves to none of the device's
	}
	n := paths.NewNegotiation(&d.ground, client, paths.Terms{
		ID:        m.Attempt,
		Trace:     m.Trace,
		PeerID:    m.From,
		PeerKey:   m.MLKEM,
		Policy:    relay,
		Stranger:  stranger,
		Statement: d.answerTo(m),
		OpenRelay: d.openRelay,
		Journal:   j,
	})
	places := &d.forOthers
	if moved != nil || d.state.Paired(m.From) {
		places = &d.forFriends
	}
	if err := d.negotiations.add(n, stop, places); err != nil {
		stop()
		if err == errUnderway {
			return // its app repeats the offer
		}
		j.Finish(journal.End{Code: CodeOf(err), Signal: true})
		return
	}
	if moved != nil {
		n.Accept()
		moved.searches.add(n, stop)
	}
	n.Receive(m)
	if moved == nil && !stranger {
		d.tellView(ctx, client, m, j)
	}
	d.workers.Go(func() {
		defer stop()
		d.negotiations.run(ctx, n)
		j.Finish(journal.End{Code: ErrTimeout, Never: d.config.Relay == RelayNever})
		if f := cmp.Or(moved, d.follower(m.From, m.Attempt)); f != nil {
			f.searches.forget(n)
		}
	})
}

// views are when an app with a right to connect is told what the device sees, in case that they do not get together: it has
// that in its report by the time it gives up.
var views = [...]time.Duration{2 * time.Second, 6 * time.Second}

// tellView does so as long as the negotiation runs and there is no session.
func (d *Device) tellView(ctx context.Context, client *signal.Client, m *signal.Message, j *journal.Journal) {
	for _, after := range views {
		timer := d.workers.After(after, func() {
			if d.follower(m.From, m.Attempt) != nil {
				return
			}
			s := j.Take()
			client.SendSealed(signal.App, m.From, m.MLKEM, &signal.Message{
				Kind: signal.View, Attempt: m.Attempt, Cause: string(s.SoFar()), NAT: s.OwnNAT().String(),
			})
		})
		d.workers.WhenDone(ctx, func() { timer.Stop() })
	}
}

// mayAsk reports whether an app may look for paths to the device: if it is paired,
// or holds the ticket, or if an authorizer will decide about a stranger.
func (d *Device) mayAsk(m *signal.Message) (stranger bool, code Code) {
	d.mu.Lock()
	full := d.isFull(m.From, m.Attempt)
	d.mu.Unlock()
	stranger = !d.state.Paired(m.From) &&
		!hmac.Equal(m.Proof, names.ProveOffer(d.state.Secret(), m.From, d.identity.ID, m.Attempt))
	switch {
	case stranger && !d.asksAboutStrangers():
		return stranger, ErrAuth
	case full:
		return stranger, ErrDeviceFull
	}
	return stranger, OK
}

// asksAboutStrangers reports whether somebody decides about apps without ticket and
// pairing.
func (d *Device) asksAboutStrangers() bool {
	return d.config.Strangers == StrangersAsk && d.consent.needed()
}

// deviceRelay is a relay of the device's own, for networks that block UDP, and
// QUIC on it. It lives as long as a negotiation or a session needs it.
type deviceRelay struct {
	relay *base.Relay
	quic  *quicTransport

	mu    sync.Mutex
	users int
}

// openRelay makes a device reachable through a relay.
func (d *Device) openRelay(r *base.Relay) (drop func(), err error) {
	conn := base.NewSideConn(r.Address, d.visitors, d.log)
	r.Carry(conn, netip.AddrPort{})
	via := &deviceRelay{relay: r, quic: newQUICTransport(conn.ForQUIC(d.socket), d.log), users: 1}
	return via.letGo, d.serveOn(via.quic, via)
}

func (r *deviceRelay) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.users++
}

func (r *deviceRelay) letGo() {
	r.mu.Lock()
	r.users--
	last := r.users == 0
	r.mu.Unlock()
	if last {
		r.quic.Close()
		r.relay.Close()
	}
}
