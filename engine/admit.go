package engine

import (
	"crypto/hmac"
	"errors"
	"net/netip"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/journal"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/internal/state"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// How long a connected app may take to say who it is, and then to read the verdict: as long
// as it waits for a session by default. In between it waits as long as it likes for who decides.
// Less would be a trap for slow machines: a connection that is dropped makes the app begin
// anew, and those beside it slower.
const (
	helloTime   = 15 * time.Second
	verdictTime = 15 * time.Second
)

// admission is a connection on its way to a session.
//
//	handshake ─► hello ─► consent ─► enter ─► verdict ─► session
//	               │ ▲
//	               ▼ │ hello
//	              parked
type admission struct {
	conn    *quicConn
	appID   string       // proven by the handshake
	binding []byte       // of this TLS session, for proofs
	via     *deviceRelay // the relay of ours that it came through, or nil
	network netip.Addr   // from which it comes

	found *paths.Negotiation // by which the app had found the device before it was parked, or nil

	// Guarded by Device.mu.
	reserved bool   // it has room for its session
	traceID  string // of that session, once reserved
	revoked  bool   // the app was unpaired meanwhile
	parked   bool   // the app asks for nothing yet
	busy     bool   // it gives its place to nobody: it waits for its verdict, and has a right to one

	places *limit.Shares[comer] // of which it has one, or nil
	comer  comer
}

// admit decides on a connection and makes it a session.
func (d *Device) admit(conn *quicConn, via *deviceRelay) {
	defer d.workers.WhenDone(d.ctx, conn.close)()
	appID, binding, err := conn.peer()
	if err != nil {
		conn.close()
		return
	}
	a := &admission{conn: conn, appID: appID, binding: binding, via: via, network: limit.Source(hosts.AddrPort(conn.RemoteAddr()).Addr())}
	if !d.begin(a) {
		conn.closeFull()
		return
	}
	defer d.finish(a)
	if via != nil {
		via.hold()
		defer via.letGo()
	}
	limit := d.workers.After(helloTime, conn.closeSilent) // the streams' own reads and writes know no context
	defer limit.Stop()
	control, h, parks, err := hear(conn)
	if err == nil && !d.hasSpoken(a) {
		err = errGaveWay
	}
	if err != nil {
		d.log.Debug("dropped a connection", "error", err)
		conn.close()
		return
	}
	limit.Stop()
	if n := d.negotiations.of(appID, h.Trace); n != nil {
		n.Reached()
	}
	if parks {
		if h, err = d.park(a, control, h, limit); err != nil {
			d.log.Debug("a parked connection has ended", "error", err)
			conn.close()
			return
		}
		limit.Stop()
	}
	peer, code := d.decide(a, h)
	if h.Trace != "" && code != OK {
		had := peer.HasTicket || peer.Paired
		d.reports.begin(h.Trace, appID, "", !had).Finish(journal.End{Code: code, UID: h.UID, Ticket: had, Reached: true})
	}
	limit.Reset(verdictTime)
	if code != OK {
		d.givesWay(a)
	}
	if err := writeVerdict(control, d.verdictOn(h, peer, code)); err != nil {
		d.log.Debug("an app gave up", "trace", peer.TraceID, "error", err)
		conn.close()
		return
	}
	if code == OK {
		d.open(a, control, peer)
		return
	}
	d.log.Info("refused an app", "trace", peer.TraceID, "app", peer.AppID, "reason", code.Name())
	control.Close()
	<-conn.Context().Done() // the app closes when it has read the verdict
}

// hear returns what an app says of itself, and the stream on which it does.
func hear(conn *quicConn) (control channel.Stream, h hello, parks bool, err error) {
	if control, err = conn.acceptControl(conn.Context()); err != nil {
		return nil, h, false, err
	}
	h, parks, err = readFirstHello(control)
	return control, h, parks, err
}

// verdictOn is what an app is told.
func (d *Device) verdictOn(h hello, peer Peer, code Code) verdict {
	v := verdict{Code: code}
	if code != OK {
		return v
	}
	if h.MLKEM {
		v.MLKEM = d.identity.MLKEMKey
	}
	if peer.Paired || peer.HasTicket {
		v.Statement = d.speakFor(peer.AppID)
	}
	return v
}

// begin finds room for an admission, and reports whether there is some.
func (d *Device) begin(a *admission) bool {
	paired := d.state.Paired(a.appID)
	d.mu.Lock()
	placed := !d.closed
	var gone []*admission
	if placed {
		if gone, placed = d.admissions.place(a, paired); placed {
			d.admissions.add(a)
		}
	}
	d.mu.Unlock() // QUIC may take its time
	giveWay(gone)
	return placed
}

// giveWay ends those whose places others have now.
func giveWay(gone []*admission) {
	for _, a := range gone {
		a.conn.closeFull()
	}
}

var errGaveWay = errors.New("it has given way to others")

// hasSpoken is called when the app has said who it is, and reports whether it still has its place.
func (d *Device) hasSpoken(a *admission) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.busy = a.places != nil
	return a.busy
}

// givesWay is called when a connection may give its place to another: of a stranger, who comes again, or when all that
// is left is that the app hears its verdict.
func (d *Device) givesWay(a *admission) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a.busy = false
}

// proves reports whether an app has shown in this TLS session that it holds a ticket.
func proves(h hello, secret [names.SecretSize]byte, binding []byte) bool {
	return hmac.Equal(h.Proof, names.ProveSecret(secret, binding))
}

// finish ends an admission; the room that it has not used is free again.
func (d *Device) finish(a *admission) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.admissions.remove(a)
}

// decide says whether an app may have a session. If so, room for it is reserved,
// and it is remembered if it has a right of its own.
func (d *Device) decide(a *admission, h hello) (Peer, Code) {
	proven := func(secret [names.SecretSize]byte) bool { return proves(h, secret, a.binding) }
	now := d.state.Now()
	peer := Peer{UID: h.UID, AppID: a.appID, TraceID: h.Trace, HasTicket: proven([names.SecretSize]byte(now.Secret))}
	_, peer.Paired = now.Paired[a.appID]
	had := peer.HasTicket || peer.Paired
	if !had && !d.asksAboutStrangers() {
		return peer, ErrAuth
	}
	if !had {
		d.givesWay(a)
	}
	asked, code := d.consent.ask(a.conn.Context(), peer)
	switch {
	case code != OK:
		return peer, code
	case !asked && !had: // the authorizer was taken away meanwhile
		return peer, ErrAuth
	case !d.reserve(a, h.Trace):
		return peer, ErrDeviceFull
	}
	has, err := d.state.Enter(a.appID, h.UID, proven)
	if err != nil {
		d.log.Error("the app is not remembered and needs its ticket again", "app", a.appID, "error", err)
	}
	if has == state.NoRight && had { // what the decision rested on has gone meanwhile
		return peer, ErrAuth
	}
	return peer, OK
}

// open makes the session.
func (d *Device) open(a *admission, control channel.Stream, peer Peer) {
	f := newFollower(d, a.conn, peer, a.via)
	// The negotiation by which the app has found the device.
	if n := d.negotiations.of(peer.AppID, peer.TraceID); n != nil {
		n.Accept()
		f.key = n.PeerKey
		f.relays.add(n.PeerRelays())
		f.searches.add(n.Negotiation, n.stop)
	} else if a.found != nil {
		f.key = a.found.PeerKey
		f.relays.add(a.found.PeerRelays())
	}
	route := f.where()
	if route.kind != PathRelay {
		f.searches.end()
	}
	about := about{traceID: peer.TraceID, deviceID: d.identity.ID, peer: peer}
	if via := a.via != nil; peer.TraceID != "" {
		j := d.reports.begin(peer.TraceID, peer.AppID, "", !peer.HasTicket && !peer.Paired)
		j.Win(journal.Key{OwnRelay: via, PeerRelay: !via && route.kind == PathRelay, Remote: route.remote})
		if route.kind == PathDirect {
			j.Heard(route.remote)
		}
		j.Finish(journal.End{UID: peer.UID, Ticket: peer.HasTicket, Reached: true, Path: route.kind.String()})
		about.brief = d.briefOf(j, route.kind)
	}
	s, entered := d.enter(a, control, about, f)
	if !entered {
		s.revoke()
		return
	}
	s.log.Info("accepted an app", "app", peer.AppID, "path", route.kind.String(), "remote", route.remote)
}
