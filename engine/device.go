package engine

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/ready"
	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Device waits for apps.
type Device struct {
	*endpoint
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	visitors   *gate.Visitors
	handshakes *gate.Handshakes
	consent    consent

	forFriends, forOthers limit.Shares[string] // places for negotiations; guarded by negotiations

	mu         sync.Mutex
	closed     bool
	since      time.Time // of listening, or of not
	serving    bool      // takes connections
	listening  bool      // and can be found
	signals    *signal.Client
	lan        *discovery.Listener // nil: not found in the local network
	admissions admissions
	sessions   map[*Session]*follower
	backlog    []*Session // that nobody has accepted yet, oldest first; some may have ended
	arrived    waitlist.List
	calls      sync.WaitGroup // NetworkChanged

	watched ready.Source
	online  atomic.Int32 // as a Code: whether the device is connected to its server
}

// NewDevice loads the device's identity, or makes one. The device is offline
// until Listen.
func NewDevice(config Config) (*Device, error) {
	e, err := newEndpoint(config, signal.Device)
	if err != nil {
		return nil, err
	}
	key, err := ident.OpeningKey(e.identity.Key)
	if err != nil {
		e.release()
		return nil, codes.Because(ErrInternal, err)
	}
	responder := discovery.NewResponder(key, discovery.Surroundings{
		Started:  time.Now(),
		Friends:  (&friends{identity: e.identity, state: e.state}).now,
		Networks: func() []netip.Prefix { return e.config.network.Prefixes() },
	})
	visitors := gate.NewVisitors(responder)
	e.socket.Visitors, e.ground.Visitors = visitors, visitors
	d := &Device{
		endpoint:   e,
		visitors:   visitors,
		handshakes: gate.NewHandshakes(e.workers.Guard),
		forFriends: limit.Shares[string]{Most: maxWithFriends},
		forOthers:  limit.Shares[string]{Most: maxWithOthers},
		admissions: newAdmissions(),
		sessions:   make(map[*Session]*follower),
		since:      time.Now(),
	}
	d.consent.workers = &d.workers
	d.watched.Ask = d.isReady
	d.online.Store(int32(ErrNotInitialized)) // neither nor
	d.state.Repaired = func() { d.watched.Happened(ready.Paired) }
	e.log.Info("device started", "quic", quicBuild)
	d.ctx, d.stop = context.WithCancel(context.Background())
	d.watchNetwork(d.NetworkChanged)
	return d, nil
}

// ID returns the device's id.
func (d *Device) ID() string { return d.identity.ID }

// Ticket returns the ticket that lets an app in. Whoever sees it can connect. It
// also says where the device is now, so that an app beside it needs not search.
func (d *Device) Ticket() string {
	d.mu.Lock()
	server := d.config.Server
	d.mu.Unlock()
	t := names.Ticket{DeviceID: d.identity.ID, Secret: d.state.Secret(), Server: names.WithoutPassword(server)}
	for _, address := range d.localAddresses() {
		if !address.Addr().IsLoopback() {
			t.Hints = append(t.Hints, address)
		}
	}
	return t.String()
}

// SetAuthorizer makes authorize decide on each app with a ticket or a pairing, and
// with Config.Strangers on all others; nil lets in who has a ticket or is paired. It may take as long as the app waits,
// and is called by one goroutine for paired apps, by another for those with the
// ticket, and by a third for strangers. Close waits until it has returned.
func (d *Device) SetAuthorizer(authorize func(Peer) Code) { d.consent.set(authorize) }

// Listen takes the device online. Without a server it can be reached in the
// local network only. Listening twice is listening once; after an error it may be
// tried again.
func (d *Device) Listen() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrListenBreak
	}
	if d.listening {
		return nil
	}
	if err := d.serve(); err != nil {
		return codes.Because(ErrInternal, err)
	}
	if err := d.answerLAN(); err != nil {
		if d.config.Server == "" {
			return codes.Because(ErrSignaling, err)
		}
		d.log.Warn("the device cannot be found in the local network: trying again", "error", err)
	}
	if d.config.Server != "" {
		var err error
		if d.signals, err = d.dialSignals(d.config.Server, server{
			known:   d.knows,
			receive: d.hear,
			online:  d.isOnline,
			offline: func() { d.setOnline(ErrSignaling) },
		}); err != nil {
			return err
		}
		d.workers.Go(d.learnAddress)
	}
	d.listening, d.since = true, time.Now()
	return nil
}

// serve begins to take connections; it needs the lock.
func (d *Device) serve() error {
	if d.serving {
		return nil
	}
	err := d.serveOn(d.quic, nil)
	d.serving = err == nil
	return err
}

// serveOn takes connections on a transport: the socket's, or that of a relay of
// ours. The same gate stands before each.
func (d *Device) serveOn(transport *quicTransport, via *deviceRelay) error {
	config, err := d.identity.AcceptConfig(d.visitors.Admits)
	if err != nil {
		return err
	}
	return transport.serve(config, d.config.OfflineAfter, d.handshakes, &d.workers, func(conn *quicConn) { d.admit(conn, via) })
}

// answerLAN begins to answer those who look for the device in the local network.
func (d *Device) answerLAN() error {
	if !d.config.usesLAN() || d.lan != nil {
		return nil
	}
	// The answer comes from the socket that takes connections.
	send := func(packet []byte, to netip.AddrPort) { d.socket.WriteTo(packet, to) }
	l, err := discovery.Listen(d.visitors.Responder, d.config.LANPort, send, d.workers.Go, d.log)
	if err != nil && d.config.Server == "" {
		l.Close()
		return err
	}
	d.lan = l
	return err
}

// learnAddress asks early how the socket looks from outside, so that the first
// answer can carry it.
func (d *Device) learnAddress() {
	_, known := d.signals.ICE()
	select {
	case <-known:
		servers, _ := d.signals.ICE()
		d.ground.LearnAddress(d.ctx, servers.STUN, func() {})
	case <-d.ctx.Done():
	}
}

// Close takes the device offline and closes all its sessions. It returns when
// everything is released, which takes little more than a second.
func (d *Device) Close() error {
	d.watched.Leave()
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.backlog = nil
	d.arrived.Notify()
	var sessions []*Session
	for s := range d.sessions {
		sessions = append(sessions, s)
	}
	signals, lan := d.signals, d.lan
	d.mu.Unlock()
	d.stop()
	d.calls.Wait()
	if lan != nil {
		lan.Close()
	}
	if signals != nil {
		signals.Close()
	}
	closeAll(sessions)
	d.release()
	return nil
}
