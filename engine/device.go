package engine

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Device waits for apps.
type Device struct {
	*endpoint
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	mu         sync.Mutex
	closed     bool
	listening  bool
	signals    *signal.Client
	visitors   *visitors
	lan        *discovery.Listener // nil: not found in the local network
	authorizer func(Peer) Code
	sessions   map[*Session]bool
	reserved   int          // sessions about to be
	admitting  atomic.Int32 // connections that have not said yet who they are
	backlog    []*Session
	arrived    waitlist
}

// maxBacklog bounds the sessions that nobody has accepted yet.
const maxBacklog = 128

// NewDevice loads the device's identity, or makes one. The device is offline
// until Listen.
func NewDevice(config Config) (*Device, error) {
	e, err := newEndpoint(config, signal.Device)
	if err != nil {
		return nil, err
	}
	key, err := ident.OpeningKey(e.identity.key)
	if err != nil {
		e.release()
		return nil, because(ErrInternal, err)
	}
	d := &Device{endpoint: e, sessions: make(map[*Session]bool), visitors: newVisitors(discovery.NewResponder(key))}
	e.socket.visitors = d.visitors
	e.quic.VerifySourceAddress = func(net.Addr) bool {
		defer e.workers.Recover()
		return d.admitting.Load() > busyAdmitting
	}
	e.log.Info("device started", "quic", quicBuild)
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d, nil
}

// ID returns the device's id.
func (d *Device) ID() string { return d.identity.id }

// Ticket returns the ticket that lets an app in. Whoever sees it can connect. It
// also says where the device is now, so that an app beside it needs not search.
func (d *Device) Ticket() string {
	t := ticket{deviceID: d.identity.id, secret: d.state.secret(), server: withoutPassword(d.config.Server)}
	for _, address := range d.localAddresses() {
		if !address.Addr().IsLoopback() {
			t.hints = append(t.hints, address)
		}
	}
	return t.String()
}

// SetAuthorizer makes authorize decide on each app, with a ticket or without;
// nil lets in who has a ticket or is paired. It may be called from several
// goroutines at once.
func (d *Device) SetAuthorizer(authorize func(Peer) Code) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.authorizer = authorize
}

// Listen takes the device online. Without a server it can be reached in the
// local network only. Listening twice is listening once.
func (d *Device) Listen() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrListenBreak
	}
	if d.listening {
		return nil
	}
	config, err := d.identity.tlsConfig("")
	if err != nil {
		return because(ErrInternal, err)
	}
	err = d.quic.serve(config, d.config.OfflineAfter, &d.workers, func(conn *quicConn) { d.admit(conn, nil) })
	if err != nil {
		return because(ErrInternal, err)
	}
	d.listening = true
	if err := d.answerLAN(); err != nil {
		if d.config.Server == "" {
			return because(ErrInternal, err)
		}
		d.log.Warn("the device cannot be found in the local network", "error", err)
	}
	if d.config.Server == "" {
		return nil
	}
	d.signals, err = d.dialSignals(d.config.Server, d.knows, d.receive)
	if err != nil {
		return err
	}
	d.workers.Go(d.learnAddress)
	return nil
}

// answerLAN begins to answer those who look for the device in the local network.
func (d *Device) answerLAN() error {
	if !d.config.usesLAN() {
		return nil
	}
	// The answer comes from the socket that takes connections.
	send := func(packet []byte, to netip.AddrPort) { d.socket.writeTo(packet, to) }
	var err error
	d.lan, err = discovery.Listen(d.visitors.responder, d.config.LANPort, send, d.workers.Go, d.log)
	return err
}

// learnAddress asks early how the socket looks from outside, so that the first
// answer can carry it.
func (d *Device) learnAddress() {
	_, known := d.signals.ICE()
	select {
	case <-known:
		servers, _ := d.signals.ICE()
		d.reflexive.refresh(d.ctx, servers.STUN)
	case <-d.ctx.Done():
	}
}

// Accept returns the next session. A negative timeout waits for ever, 0 not at
// all. The errors are ErrTimeout and, once the device is closed, ErrListenBreak.
func (d *Device) Accept(timeout time.Duration) (*Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	deadline := deadlineAfter(timeout)
	for {
		if d.closed {
			return nil, ErrListenBreak
		}
		if len(d.backlog) > 0 {
			s := d.backlog[0]
			d.backlog = append(d.backlog[:0], d.backlog[1:]...)
			return s, nil
		}
		if timeout == 0 {
			return nil, ErrTimeout
		}
		if !d.arrived.wait(&d.mu, deadline) {
			timeout = 0 // one last look
		}
	}
}

// Close takes the device offline and closes all its sessions. It returns when
// everything is released, which takes little more than a second.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.backlog = nil
	d.arrived.notify()
	var sessions []*Session
	for s := range d.sessions {
		sessions = append(sessions, s)
	}
	signals, lan := d.signals, d.lan
	d.mu.Unlock()
	d.stop()
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

// reserve makes room for a session; free gives it back if none comes of it.
func (d *Device) reserve() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || len(d.sessions)+d.reserved >= d.config.MaxSessions || len(d.backlog)+d.reserved >= maxBacklog {
		return false
	}
	d.reserved++
	return true
}

func (d *Device) free() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reserved--
}

// add turns a reservation into a session that Accept returns, and starts it, in
// one step: its end, which takes it out again, may come at once.
func (d *Device) add(s *Session) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.start(d.config.OfflineAfter, func() { d.complain(s) })
	d.reserved--
	if d.closed {
		return false
	}
	d.sessions[s] = true
	d.backlog = append(d.backlog, s)
	d.arrived.notify()
	return true
}

func (d *Device) forget(s *Session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, s) // but it stays in the backlog: what it received can be read
}

// session returns the one with that app and trace id, or nil.
func (d *Device) session(appID, traceID string) *Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.sessions {
		if s.about.peer.AppID == appID && s.about.peer.TraceID == traceID {
			return s
		}
	}
	return nil
}
