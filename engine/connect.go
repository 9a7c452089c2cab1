package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/journal"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/internal/patience"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// ConnectOptions say how Connect connects. The zero value is usable.
type ConnectOptions struct {
	Mode    Mode   // ModeInternet or ModeLAN
	TraceID string // names the attempt on both sides, and none of the last minute; "": a fresh one, see NewTraceID
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
	j := a.reports.begin(traceID, to.deviceID, mode.String(), false)
	at := &attempt{app: a, to: to, mode: mode, traceID: traceID, started: time.Now(), again: make(chan struct{}, 1), journal: j}
	if err := a.begin(at); err != nil {
		j.Finish(journal.End{Code: CodeOf(err)})
		return nil, err
	}
	defer a.finish(at)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer a.workers.WhenDone(a.ctx, func() { cancel(ErrConnectBreak) })()

	at.ctx = ctx
	s, err := at.run()
	if err != nil {
		j.Finish(at.ending(err))
		a.log.Warn("connect failed", "trace", traceID, "device", to.deviceID, "error", err)
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
	parks   bool // no session is asked for yet: see preconnection
	journal *journal.Journal

	ctx     context.Context         // of the caller, and of the app
	dialing context.Context         // of all that is tried
	stop    context.CancelCauseFunc // ends dialing

	again     chan struct{}    // the device is to be asked now
	known     []netip.AddrPort // where the device may be, from the start
	near      chan paths.Found // of the first two ways, what is heard meanwhile
	straight  straight
	asked     bool      // the local network was
	waitUntil time.Time // until then it, and the known addresses, may answer

	signals      *signal.Client     // nil: no server
	online       <-chan struct{}    // closed when it can be asked; nil: not yet, or has been
	negotiation  *paths.Negotiation // nil until then
	stopPunching context.CancelFunc // ends it
	found        <-chan paths.Found // by it
	refused      <-chan Code        // by the device
	status       <-chan bool        // of the device, as the server sees it
	offline      bool               // so it says
	seen         bool               // it has said something
	offered      time.Time          // when the server was asked
	unwatch      func()             // ends status

	results chan dialed
	running int           // dials
	inTurn  int           // those of them that the next ICE path waits for
	greeter chan struct{} // has room for the one dial that may greet the device
	greeted atomic.Bool   // some dial has reached the device
	direct  bool          // ICE has found a direct path, which has been dialled
	pass    *gate.Secret  // of the device's latest answer, as far as a path was found by it
	queue   []paths.Found // that ICE has found
	due     bool          // the next one may be dialled as soon as there is one
	lastErr error         // of a path that ICE has found
	full    error         // of the device that was reached last, which had no room
	said    bool          // the device has said why not
	offers  bool          // by way of the server
	unfit   error         // of an address at which somebody else answered, or a device of another version

	askLAN, askServer *time.Timer
	stagger           *patience.Timer // the next path in the queue
	giveUp            *time.Timer     // a look whether there is any hope
}

// headStart is how long the way that the mode prefers goes alone.
const headStart = 300 * time.Millisecond

func (at *attempt) run() (*Session, error) {
	if s, over, err := at.askParked(); over {
		return s, err
	}
	won, err := at.find()
	if err != nil {
		return nil, err
	}
	return at.session(won), nil
}

// find connects by whatever way works.
func (at *attempt) find() (won dialed, err error) {
	a := at.app
	if at.to.server != "" {
		if at.signals, err = a.signals(at.to.server); err != nil {
			return won, err
		}
	}
	if a.config.Relay != RelayOnly {
		var stop func()
		at.known, at.near, stop = a.nearby.watch(at.to)
		defer stop()
	}
	if at.signals == nil && !a.config.usesLAN() && len(at.known) == 0 {
		return won, codes.Because(ErrSignaling, errors.New("no server is set, neither for this app nor in a ticket, and the local network is not to be asked"))
	}
	return at.race()
}

func (at *attempt) session(won dialed) *Session {
	a := at.app
	m := newMover(a, won, at.to, at.traceID)
	path := m.where().kind
	end := at.ending(nil)
	end.Path = path.String()
	at.journal.Finish(end)
	about := about{
		traceID:     at.traceID,
		deviceID:    at.to.deviceID,
		connectTime: time.Since(at.started),
		brief:       a.briefOf(at.journal, path),
	}
	s := a.enter(won, about, m)
	a.learnKey(at.to.deviceID, won.carrier.mlkemKey)
	a.belongs(at.to, won.carrier.statement)
	if path == PathLAN || won.path.Straight {
		a.nearby.reached(at.to.deviceID, won.path.Remote)
	}
	a.log.Info("connected", "trace", at.traceID, "device", at.to.deviceID, "path", path.String(), "took", about.connectTime)
	switch {
	case at.negotiation == nil && path == PathRelay && a.config.Relay != RelayOnly: // it was parked
		m.searchDirect()
	case at.negotiation == nil:
	case path == PathRelay && a.config.Relay != RelayOnly:
		m.upgrade(at.negotiation, at.stopPunching)
	default:
		at.stopPunching()
	}
	return s
}
