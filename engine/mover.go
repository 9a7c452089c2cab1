package engine

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// mover is the way of an app's session. It moves the session to another path: to the
// direct one when a relay carries it, and to whatever works when its path is lost.
type mover struct {
	app     *App
	to      *Target
	traceID string
	carrier *carrier
	control channel.Stream
	log     *slog.Logger
	routes  routes
	path    atomic.Pointer[carried] // what carries the session now
	end     func(Code)              // ends the session
	tell    func()                  // that it has moved
	pinned  bool                    // the device's end is a relay of its own, which its QUIC cannot leave

	ctx     context.Context // ends with the session
	cancel  context.CancelFunc
	workers panics.Group

	mu      sync.Mutex
	closed  bool
	search  *search       // that runs, or nil
	told    bool          // the next urgent one is to know that the peer complains
	next    func(*search) // an urgent one that waits for it to give way
	retries int
	timer   *time.Timer // the next search for a direct path, or nil
}

// search is one for a better path or, urgent, for one that works at all.
type search struct {
	ctx    context.Context
	cancel context.CancelFunc
	urgent bool
	told   atomic.Bool // the peer's packets are not answered: what is answered of ours shows nothing

	local    netip.Addr          // from where the session's packets went when it began
	answered uint64              // packets of ours, before it began
	queue    []paths.Found       // that may be probed, or probed again
	tries    map[paths.Found]int // that were in vain
	giveTurn func()              // of an urgent one: others may repair their paths
}

// How long paths are looked for.
const (
	moveTime    = 10 * time.Second
	upgradeTime = 15 * time.Second

	// repairTime is how long a search keeps others from theirs: that of a device which is gone
	// goes on for longer.
	repairTime = 2 * time.Second

	// followTime is how long the device may take to follow a move, with some of its probes of
	// the new path lost. It sends to the old one until then.
	followTime = 5 * time.Second

	// staleTime is how long after a move what the peer says may still be about the path before:
	// it says it again if it is not.
	staleTime = time.Second
)

// upgradeIntervals are the times after which a direct path is looked for again,
// while a relay carries the session; the last one repeats.
var upgradeIntervals = []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute}

// carried is a path that carries a session, or has.
type carried struct {
	kind   Path
	remote netip.AddrPort
	since  time.Time
}

func newMover(a *App, won dialed, to *Target, traceID string) *mover {
	log := a.log.With("trace", traceID)
	m := &mover{
		app:     a,
		to:      to,
		traceID: traceID,
		carrier: won.carrier,
		control: won.control,
		log:     log,
		routes:  routes{network: a.config.network, port: a.socket.Port},
		workers: panics.Group{Guard: panics.Guard{Log: log}},
	}
	m.pinned = won.path.Lane.DeviceRelayed
	m.path.Store(&carried{won.carrier.kind(won.path), won.path.Remote, time.Now()})
	m.where()
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

func (m *mover) attach(end func(Code), moved func()) { m.end, m.tell = end, moved }

func (m *mover) where() route {
	now := m.path.Load()
	return m.routes.to(now.remote, now.kind)
}

func (m *mover) rerouted() bool { return m.routes.rerouted() }

func (m *mover) onRelay() bool { return m.path.Load().kind == PathRelay }

// settled: a device has nothing to settle.
func (m *mover) settled() {}

// begin runs a search, one at a time: an urgent one makes another give way, also an urgent one
// that has begun in another network. A session that is pinned has nothing to search for.
func (m *mover) begin(urgent bool, run func(*search)) bool {
	local := m.where().local.Addr()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.pinned || m.search != nil && (!urgent || m.search.urgent && m.search.local == local) {
		return false
	}
	if m.search != nil {
		m.search.cancel()
		m.next = run
		return true
	}
	m.start(urgent, run)
	return true
}

// start needs the lock.
func (m *mover) start(urgent bool, run func(*search)) {
	s := &search{urgent: urgent, local: m.where().local.Addr(), answered: m.carrier.conn.answered(), tries: make(map[paths.Found]int)}
	s.ctx, s.cancel = context.WithCancel(m.ctx)
	if urgent {
		s.told.Store(m.told)
		m.told = false
	}
	m.search = s
	m.workers.Go(func() {
		defer m.finish(s)
		run(s)
	})
}

// finish starts what has waited, or sees to it that a session on a relay looks
// for a direct path again.
func (m *mover) finish(s *search) {
	s.cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.search = nil
	switch next := m.next; {
	case m.closed || m.pinned:
	case next != nil:
		m.next = nil
		m.start(true, next)
	case m.onRelay() && m.app.config.Relay != RelayOnly:
		wait := upgradeIntervals[min(m.retries, len(upgradeIntervals)-1)]
		m.retries++
		if m.timer != nil {
			m.timer.Stop() // one of before a search that was urgent
		}
		m.timer = m.workers.After(wait, m.searchDirect)
	}
}

// settle makes an urgent search give way: what follows is for a better path only.
func (m *mover) settle(s *search) {
	s.giveTurn()
	m.mu.Lock()
	defer m.mu.Unlock()
	s.urgent = false
}

// close ends all moves, and gives everything back when none runs.
func (m *mover) close() {
	m.mu.Lock()
	m.closed = true
	if m.timer != nil {
		m.timer.Stop()
	}
	m.mu.Unlock()
	m.cancel()
	m.workers.Wait()
	m.carrier.close()
}

// upgrade waits for a running negotiation, which a relay has won, to find a
// direct path too, and moves there. It calls stop when it needs no more.
func (m *mover) upgrade(n *paths.Negotiation, stop func()) {
	n.Accept()
	started := m.begin(false, func(s *search) {
		defer stop()
		m.take(s, n, nil, upgradeTime, false)
	})
	if !started {
		stop()
	}
}

// searchDirect looks for a direct path while a relay carries the session.
func (m *mover) searchDirect() {
	if !m.onRelay() {
		return
	}
	m.begin(false, func(s *search) { m.look(s, upgradeTime, RelayNever) })
}

// lost looks for any path that works.
func (m *mover) lost(told bool) {
	if told && (time.Since(m.path.Load().since) < staleTime || m.addTold()) {
		return
	}
	begun := m.begin(true, func(s *search) {
		if !m.app.repairs.begin(s.ctx, s.answers(m.carrier.conn), s.answered) {
			return
		}
		s.giveTurn = sync.OnceFunc(m.app.repairs.end)
		defer s.giveTurn()
		defer m.workers.After(repairTime, s.giveTurn).Stop()
		m.log.Info("the path is silent, looking for another")
		m.doubtServer()
		m.look(s, moveTime, m.app.config.Relay)
	})
	if told && !begun {
		m.mu.Lock()
		m.told = false // another search has begun meanwhile, which has heard it or will
		m.mu.Unlock()
	}
}

// addTold makes an urgent search know what the peer says: the one that runs, or else the next.
func (m *mover) addTold() (known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next != nil { // the one that runs has ended but for that
		m.told = true
		return true
	}
	if m.search == nil || !m.search.urgent {
		m.told = true
		return false
	}
	m.search.told.Store(true)
	return true
}

// answers is how many packets of ours were answered, as far as that shows anything.
func (s *search) answers(conn *quicConn) func() uint64 {
	return func() uint64 {
		if s.told.Load() {
			return s.answered
		}
		return conn.answered()
	}
}

// doubtServer is for a path that has died: what was the end of it may have been the end
// of the connection to the server, too.
func (m *mover) doubtServer() {
	if m.to.server == "" {
		return
	}
	if signals, err := m.app.signals(m.to.server); err == nil {
		signals.Doubt()
	}
}

// look looks for paths, in the local network and through the server, and moves to
// one: an urgent search to the first that works, and then to a direct one if that
// comes too.
func (m *mover) look(s *search, timeout time.Duration, policy RelayPolicy) {
	near := make(chan paths.Found, maxNear)
	m.app.nearby.ask(s.ctx, m.to.deviceID, near)
	n := m.negotiate(s, policy)
	if !s.urgent {
		m.take(s, n, near, timeout, false)
		return
	}
	if m.take(s, n, near, timeout, true) && m.onRelay() {
		m.settle(s)
		m.take(s, n, near, upgradeTime, false)
	}
}

// negotiate looks for paths through the server, if there is one.
func (m *mover) negotiate(s *search, policy RelayPolicy) *paths.Negotiation {
	if m.to.server == "" {
		return nil
	}
	signals, err := m.app.signals(m.to.server)
	if err != nil {
		return nil
	}
	n := paths.NewNegotiation(&m.app.ground, signals, paths.Terms{
		ID:     NewTraceID(),
		Trace:  m.traceID,
		PeerID: m.to.deviceID,
		Policy: policy,
		OwnKey: m.app.identity.MLKEMKey,
	})
	n.Accept()
	if m.app.negotiations.add(n, s.cancel, nil) != nil {
		return nil
	}
	m.workers.Go(func() { m.app.negotiations.run(s.ctx, n) })
	m.workers.Go(func() { m.repeatOnceOnline(s.ctx, signals, n) })
	return n
}

// repeatOnceOnline makes an offer leave again when the device has come back to the server, since
// what has ended its path may have ended its connection to the server, too, and the offer with it.
func (m *mover) repeatOnceOnline(ctx context.Context, signals *signal.Client, n *paths.Negotiation) {
	status, unwatch := signals.Watch(m.to.deviceID)
	defer unwatch()
	for {
		select {
		case on := <-status:
			if on {
				n.Repeat()
			}
		case <-n.Heard:
			return
		case <-ctx.Done():
			return
		}
	}
}

// take moves to the first path that is found and works: a direct one, or any. It
// reports whether it moved.
func (m *mover) take(s *search, n *paths.Negotiation, near <-chan paths.Found, timeout time.Duration, anyPath bool) bool {
	t := &trial{mover: m, search: s, negotiation: n, anyPath: anyPath, results: make(chan probed, maxProbes), next: time.NewTimer(0)}
	t.ctx, t.cancel = context.WithTimeout(s.ctx, timeout)
	defer t.end()
	var found <-chan paths.Found
	var refused <-chan Code
	if n != nil {
		found, refused = n.Found, n.Refused
	}
	for {
		select {
		case <-t.ctx.Done():
			return false
		case p := <-found:
			if t.isHealed(p) {
				return t.healed()
			}
			t.enqueue(p)
		case p := <-near:
			if t.isHealed(p) {
				return t.healed()
			}
			t.enqueue(p)
		case code := <-refused:
			if code == ErrClosedTimeout { // the device has no such session any more
				m.workers.Guard.Go(func() { m.end(ErrClosedTimeout) })
				return false
			}
		case <-t.next.C:
			t.probeNext()
		case r := <-t.results:
			if t.settle(r) {
				return t.over()
			}
		}
	}
}

// leave closes a relay that the session has left, once the device must have followed.
func (m *mover) leave(r *base.Relay) {
	m.workers.Go(func() {
		defer r.Close()
		select {
		case <-time.After(followTime):
		case <-m.ctx.Done():
		}
	})
}

// moved takes down where the session is now, and tells the device.
func (m *mover) moved(p paths.Found) {
	now := &carried{m.carrier.kind(p), p.Remote, time.Now()}
	m.path.Store(now)
	m.where() // remembers from which address of ours
	// QUIC sends nothing on a new path by itself.
	if p.Relayed() {
		ping(m.control)
	} else {
		settle(m.control)
	}
	m.log.Info("the session has moved", "path", now.kind.String(), "remote", p.Remote)
	if !p.Relayed() {
		m.mu.Lock()
		m.retries = 0
		m.mu.Unlock()
	}
	m.tell()
}
