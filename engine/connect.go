package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// ConnectOptions say how Connect connects. The zero value is usable.
type ConnectOptions struct {
	Mode    Mode   // ModeInternet or ModeLAN
	TraceID string // names the attempt on both sides; "": a fresh one, see NewTraceID
}

// Connect connects to a device and returns once the device has accepted. It takes
// as long as ctx lets it: with one that never ends, it waits for a device that is
// nowhere to be found. If ctx ends first, the error says what was missing until
// then (ErrTimeout, ErrNoAnswer, ErrNoRelay or ErrSignaling; ErrConnectBreak if ctx
// was cancelled) and is ctx.Err() too; if the app is closed, it is ErrConnectBreak.
func (a *App) Connect(ctx context.Context, to *Target, options ConnectOptions) (*Session, error) {
	mode, traceID := options.Mode, options.TraceID
	if traceID == "" {
		traceID = NewTraceID()
	}
	if mode != ModeInternet && mode != ModeLAN {
		return nil, codes.Because(ErrInvalidParameter, fmt.Errorf("there is no mode %d", mode))
	}
	if len(traceID) > maxTraceLength || !names.IsVisible(traceID) {
		return nil, codes.Because(ErrInvalidParameter, fmt.Errorf("a trace id has at most %d bytes, all of them visible ASCII", maxTraceLength))
	}
	if err := a.begin(); err != nil {
		return nil, err
	}
	defer a.finish()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer a.workers.WhenDone(a.ctx, func() { cancel(ErrConnectBreak) })()

	at := &attempt{app: a, to: to, mode: mode, traceID: traceID, started: time.Now()}
	s, err := at.run(ctx)
	if err != nil {
		a.log.Info("connect failed", "trace", traceID, "device", to.deviceID, "error", err)
		return nil, err
	}
	return s, nil
}

// attempt is one connect call: a race of three ways to the device. The mode says
// which of the last two has a head start; the first that works wins.
//
//	addresses that are known ─────────────────────► QUIC ─┐
//	local network: a query, an answer ────────────► QUIC ─┼─► hello, verdict
//	server: offer, answer, candidates ─► ICE paths ► QUIC ─┘
//
// All state belongs to the goroutine of run.
type attempt struct {
	app     *App
	to      *Target
	mode    Mode
	traceID string
	started time.Time

	near      chan paths.Found        // of the first two ways
	tried     map[netip.AddrPort]bool // straight: being dialled, or of no use
	asked     bool                    // the local network was
	waitUntil time.Time               // until then it, and the known addresses, may answer

	signals      *signal.Client     // nil: no server
	negotiation  *paths.Negotiation // nil until the server can be reached
	stopPunching context.CancelFunc
	offline      bool // the server says so

	results chan dialed
	running int           // dials
	inTurn  int           // those of them that the next ICE path waits for
	greeter chan struct{} // has room for the one dial that may greet the device
	greeted atomic.Bool   // some dial has reached the device
	direct  bool          // ICE has found a direct path, which has been dialled
	queue   []paths.Found // that ICE has found
	relay   *base.Relay   // of a dial that got no answer, to be dialled on again
	lastErr error         // of a path that ICE has found
	unfit   error         // of an address at which somebody else answered, or a device of another version
}

// headStart is how long the way that the mode prefers goes alone.
const headStart = 300 * time.Millisecond

func (at *attempt) run(ctx context.Context) (*Session, error) {
	a := at.app
	if at.to.server != "" {
		var err error
		if at.signals, err = a.signals(at.to.server); err != nil {
			return nil, err
		}
	}
	if a.config.Relay != RelayOnly {
		var stop func()
		at.near, stop = a.nearby.watch(at.to)
		defer stop()
	}
	if at.signals == nil && !a.config.usesLAN() && len(at.near) == 0 {
		return nil, codes.Because(ErrSignaling, errors.New("no server is set, neither for this app nor in a ticket, and the local network is not to be asked"))
	}
	won, err := at.race(ctx)
	if err != nil {
		return nil, err
	}
	return at.session(won), nil
}

// startNegotiation begins to look for paths with the device through the server.
func (at *attempt) startNegotiation() error {
	a := at.app
	terms := paths.Terms{
		Attempt: at.traceID,
		PeerID:  at.to.deviceID,
		Policy:  a.config.Relay,
		OwnKey:  a.identity.MLKEMKey,
		Belongs: func(statement string) { a.belongs(at.to, statement) },
	}
	if at.to.secret != nil {
		terms.Proof = names.ProveOffer(*at.to.secret, a.identity.ID, at.to.deviceID, at.traceID)
	}
	n := paths.NewNegotiation(&a.ground, at.signals, terms)
	punching, stop := context.WithCancel(a.ctx)
	if err := a.negotiations.add(n, stop, nil); err != nil {
		stop()
		return err
	}
	at.negotiation, at.stopPunching = n, stop
	a.workers.Go(func() { a.negotiations.run(punching, n) })
	return nil
}

// interrupted says why an attempt got no further before its context ended.
func (at *attempt) interrupted(ctx context.Context) error {
	switch {
	case context.Cause(ctx) == error(ErrConnectBreak):
		return ErrConnectBreak // the app, not the caller
	case ctx.Err() == context.Canceled:
		return fmt.Errorf("%w: %w", ErrConnectBreak, ctx.Err())
	}
	return fmt.Errorf("%w: %w", at.lacked(), ctx.Err())
}

// lacked is what was missing when the time was up.
func (at *attempt) lacked() error {
	if at.greeted.Load() {
		return codes.Because(ErrTimeout, errors.New("the device was reached and did not decide"))
	}
	if at.signals == nil && at.unfit != nil {
		return at.unfit
	}
	if at.signals == nil {
		return codes.Because(ErrTimeout, errors.New("nobody in the local network answered for the device, and there is no server to ask"))
	}
	if at.negotiation == nil {
		return codes.Because(ErrSignaling, at.signals.Err())
	}
	select {
	case <-at.negotiation.Heard:
	default:
		if err := at.signals.Err(); err != nil {
			return codes.Because(ErrSignaling, err)
		}
		return ErrNoAnswer
	}
	if at.lastErr == nil && !at.negotiation.RelaySeen.Load() {
		if servers, _ := at.signals.ICE(); servers.Unknown {
			return codes.Because(ErrNoRelay, errors.New("the server gives relays to devices that it knows, and to their apps: give the device's id to whoever runs it"))
		}
		return ErrNoRelay
	}
	return codes.Because(ErrTimeout, at.lastErr)
}

func (at *attempt) session(won dialed) *Session {
	a := at.app
	about := about{
		traceID:     at.traceID,
		deviceID:    at.to.deviceID,
		connectTime: time.Since(at.started),
	}
	m := newMover(a, won, at.to, at.traceID)
	s := a.enter(won, about, m)
	a.learnKey(at.to.deviceID, won.carrier.mlkemKey)
	a.belongs(at.to, won.carrier.statement)
	path := m.where().kind
	if path == PathLAN || won.path.Straight {
		a.nearby.reached(at.to.deviceID, won.path.Remote)
	}
	a.log.Info("connected", "trace", at.traceID, "device", at.to.deviceID, "path", path.String(), "took", about.connectTime)
	switch {
	case at.negotiation == nil:
	case path == PathRelay && a.config.Relay != RelayOnly:
		m.upgrade(at.negotiation, at.stopPunching)
	default:
		at.stopPunching()
	}
	return s
}
