package engine

import (
	"context"
	"errors"
	"time"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Connect connects to a device and returns once the device has accepted. The
// whole takes at most timeout; 0 means 15 s, in LAN mode 3 s. If ctx or the app
// ends before, the error is ErrConnectBreak. traceID names the attempt on both
// sides; see NewTraceID.
func (a *App) Connect(ctx context.Context, to *Target, mode Mode, timeout time.Duration, traceID string) (*Session, error) {
	if timeout == 0 {
		timeout = internetTimeout
		if mode == ModeLAN {
			timeout = lanTimeout
		}
	}
	if timeout < 0 || mode != ModeInternet && mode != ModeLAN || traceID == "" || len(traceID) > maxTraceLength || !isVisible(traceID) {
		return nil, ErrInvalidParameter
	}
	if err := a.begin(); err != nil {
		return nil, err
	}
	defer a.finish()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrTimeout)
	defer cancel()
	defer context.AfterFunc(a.ctx, cancel)()

	at := &attempt{app: a, to: to, traceID: traceID, started: time.Now()}
	s, err := at.run(ctx)
	if err != nil {
		a.log.Info("connect failed", "trace", traceID, "device", to.deviceID, "error", err)
		return nil, err
	}
	return s, nil
}

// attempt is one connect call.
type attempt struct {
	app         *App
	to          *Target
	traceID     string
	started     time.Time
	signals     *signal.Client
	negotiation *negotiation

	running int           // dials
	greeter chan struct{} // has room for the one dial that may greet the device
	direct  bool          // a direct path has been dialled
	results chan dialed
	queue   []foundPath
	relay   *relay // of a dial that got no answer, to be dialled on again
	lastErr error
}

// dialed is the result of dialling one path.
type dialed struct {
	path    foundPath
	carrier *carrier
	relay   *relay // left over from a dial that failed
	control stream
	err     error
}

// dialStagger is how long a path may take to connect before the next one that
// ICE has found is dialled beside it (as in RFC 8305).
const dialStagger = 250 * time.Millisecond

func (at *attempt) run(ctx context.Context) (*Session, error) {
	a := at.app
	if at.to.server == "" {
		return nil, because(ErrSignaling, errors.New("no server is set, neither by the option nor in a ticket"))
	}
	var err error
	if at.signals, err = a.signals(at.to.server); err != nil {
		return nil, err
	}
	select {
	case <-at.signals.Online():
	case <-ctx.Done():
		return nil, at.timedOut(ctx)
	}
	status, stop := at.signals.Watch(at.to.deviceID)
	defer stop()

	n := newNegotiation(a.endpoint, at.signals, at.traceID, "", at.to.deviceID, a.config.Relay)
	at.negotiation = n
	if err := a.addNegotiation(n, noLimit); err != nil {
		return nil, err
	}
	punching, stopPunching := context.WithCancel(a.ctx)
	a.workers.Go(func() {
		n.run(punching)
		a.removeNegotiation(n)
	})
	won, err := at.race(ctx, status)
	if err != nil {
		stopPunching()
		return nil, err
	}
	s := at.session(won)
	if won.path.relayed() && a.config.Relay != RelayOnly {
		s.mover.upgrade(n, stopPunching)
	} else {
		stopPunching()
	}
	return s, nil
}

// race dials the paths that the negotiation finds, until one works.
func (at *attempt) race(ctx context.Context, status <-chan bool) (dialed, error) {
	dialing, stop := context.WithCancelCause(ctx)
	at.results = make(chan dialed)
	at.greeter = make(chan struct{}, 1)
	defer func() {
		stop(ErrConnectBreak)
		for ; at.running > 0; at.running-- {
			loser := <-at.results
			if loser.carrier != nil {
				loser.carrier.close()
			}
			at.keep(loser)
		}
		if at.relay != nil {
			at.relay.close()
		}
		// A session that a relay carries can still move to one of these.
		for _, p := range at.queue {
			if !p.lane.appRelayed {
				at.negotiation.found <- p // has room for one of each lane
			}
		}
	}()
	stagger := time.NewTimer(time.Hour)
	defer stagger.Stop()
	next := func() {
		if len(at.queue) > 0 {
			at.dial(dialing, at.queue[0])
			at.queue = at.queue[1:]
			stagger.Reset(dialStagger)
		}
	}
	for {
		select {
		case p := <-at.negotiation.found:
			if !p.relayed() && !at.direct {
				// It is worth having even while a relay is being dialled.
				at.queue = append([]foundPath{p}, at.queue...)
				next()
				continue
			}
			at.queue = append(at.queue, p)
			if at.running == 0 {
				next()
			}
		case <-stagger.C:
			next()
		case r := <-at.results:
			at.running--
			if r.err == nil {
				return r, nil
			}
			at.keep(r)
			if ctx.Err() != nil { // which is why the dial failed
				return dialed{}, at.timedOut(ctx)
			}
			at.lastErr = r.err
			// Only a path that did not answer says nothing of the device.
			if code := CodeOf(r.err); code != ErrTimeout {
				return dialed{}, r.err
			}
			next()
		case on := <-status:
			if !on {
				return dialed{}, ErrDeviceNotOnline
			}
		case code := <-at.negotiation.refused:
			if !code.Known() {
				code = ErrRemote
			}
			return dialed{}, code
		case <-ctx.Done():
			return dialed{}, at.timedOut(ctx)
		}
	}
}

// dial connects along a path in the background.
func (at *attempt) dial(ctx context.Context, p foundPath) {
	var r *relay
	if p.lane.appRelayed {
		if r, at.relay = at.relay, nil; r == nil {
			r = at.negotiation.takeRelay()
		}
		if r == nil {
			return
		}
	}
	at.running++
	at.direct = at.direct || !p.relayed()
	go func() {
		result := dialed{path: p, carrier: newCarrier(at.app.endpoint, p), err: ErrInternal}
		defer func() { at.results <- result }()
		defer guard(at.app.log, nil)
		result.err = result.carrier.dial(ctx, p, r, at.to.deviceID)
		if result.err == nil {
			result.err = at.greet(ctx, &result)
		}
		if result.err != nil {
			result.relay = result.carrier.takeRelay()
			result.carrier.close()
			result.carrier = nil
		}
	}()
}

// keep puts a path that did not answer back into the queue, with its relay.
func (at *attempt) keep(d dialed) {
	at.queue = append(at.queue, d.path)
	if d.relay != nil {
		if at.relay != nil {
			at.relay.close()
		}
		at.relay = d.relay
	}
}

// greet asks the device for a session. When several paths have connected, only
// the first does: the device would make a session of each, and ask its user.
func (at *attempt) greet(ctx context.Context, d *dialed) error {
	select {
	case at.greeter <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var err error
	h := hello{UID: at.app.config.UID, Trace: at.traceID}
	d.control, err = d.carrier.greet(ctx, h, at.to.secret)
	if err != nil {
		<-at.greeter // the next one may
	}
	return err
}

// timedOut says what an attempt lacked when its time was up.
func (at *attempt) timedOut(ctx context.Context) error {
	if context.Cause(ctx) != error(ErrTimeout) {
		return ErrConnectBreak
	}
	if at.negotiation == nil {
		return because(ErrSignaling, at.signals.Err())
	}
	select {
	case <-at.negotiation.heard:
	default:
		if err := at.signals.Err(); err != nil {
			return because(ErrSignaling, err)
		}
		return ErrNoAnswer
	}
	if at.lastErr == nil && !at.negotiation.relaySeen.Load() {
		return ErrNoRelay
	}
	return because(ErrTimeout, at.lastErr)
}

func (at *attempt) session(won dialed) *Session {
	a := at.app
	about := about{
		peer:        Peer{UID: a.config.UID, AppID: a.identity.id, TraceID: at.traceID, HasTicket: at.to.secret != nil},
		deviceID:    at.to.deviceID,
		connectTime: time.Since(at.started),
		localPort:   a.socket.port,
	}
	var s *Session
	s = newSession(won.carrier.conn, won.control, about, a.config, func() {
		s.mover.close()
		won.carrier.close()
		a.forget(s)
	})
	s.setPath(kindOf(won.path), won.path.remote)
	s.mover = newMover(a, s, won.carrier, at.signals, at.to.deviceID)
	a.remember(s)
	a.log.Info("connected", "trace", at.traceID, "device", at.to.deviceID, "path", kindOf(won.path).String(),
		"took", about.connectTime)
	return s
}
