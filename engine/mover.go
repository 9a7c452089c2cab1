package engine

import (
	"context"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// mover moves an app's session to another path: to the direct one when a relay
// carries it, and to whatever works when its path is lost.
type mover struct {
	app     *App
	session *Session
	carrier *carrier
	signals *signal.Client
	target  string

	ctx     context.Context // ends with the session
	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	moving  bool
	retries int
	timer   *time.Timer // the next search for a direct path, or nil
}

// How long paths are looked for, and a found one is probed.
const (
	moveTime    = 10 * time.Second
	upgradeTime = 15 * time.Second
	probeTime   = time.Second
)

// upgradeIntervals are the times after which a direct path is looked for again,
// while a relay carries the session; the last one repeats.
var upgradeIntervals = []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute}

func newMover(a *App, s *Session, c *carrier, signals *signal.Client, deviceID string) *mover {
	m := &mover{app: a, session: s, carrier: c, signals: signals, target: deviceID}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// begin reserves the only move at a time, and its goroutine.
func (m *mover) begin(move func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.moving {
		return false
	}
	m.moving = true
	m.workers.Go(func() {
		move()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.moving = false
		if !m.closed && Path(m.session.path.Load()) == PathRelay && m.app.config.Relay != RelayOnly {
			wait := upgradeIntervals[min(m.retries, len(upgradeIntervals)-1)]
			m.retries++
			m.timer = time.AfterFunc(wait, m.searchDirect)
		}
	})
	return true
}

// close ends all moves; it returns when none runs.
func (m *mover) close() {
	m.mu.Lock()
	m.closed = true
	if m.timer != nil {
		m.timer.Stop()
	}
	m.mu.Unlock()
	m.cancel()
	m.workers.Wait()
}

// upgrade waits for a running negotiation, which a relay has won, to find a
// direct path too, and moves there. It calls stop when it needs no more.
func (m *mover) upgrade(n *negotiation, stop func()) {
	started := m.begin(func() {
		defer stop()
		m.take(n, upgradeTime, false)
	})
	if !started {
		stop()
	}
}

// searchDirect looks for a direct path while a relay carries the session.
func (m *mover) searchDirect() {
	m.begin(func() { m.negotiate(upgradeTime, RelayNever, false) })
}

// pathLost looks for any path that works.
func (m *mover) pathLost() {
	m.begin(func() {
		m.session.log.Info("the path is silent, looking for another")
		m.negotiate(moveTime, m.app.config.Relay, true)
	})
}

// negotiate looks for paths with the device and moves to one.
func (m *mover) negotiate(timeout time.Duration, policy RelayPolicy, anyPath bool) {
	n := newNegotiation(m.app.endpoint, m.signals, NewTraceID(), m.session.about.peer.TraceID, m.target, policy)
	if m.app.addNegotiation(n) != nil {
		return
	}
	ctx, stop := context.WithCancel(m.ctx)
	m.workers.Go(func() {
		n.run(ctx)
		m.app.removeNegotiation(n)
	})
	defer stop()
	if !m.take(n, timeout, anyPath) || Path(m.session.path.Load()) != PathRelay {
		return
	}
	m.take(n, upgradeTime, false)
}

// take moves to the first path that a negotiation finds and that works: a
// direct one, or any. It reports whether it moved.
func (m *mover) take(n *negotiation, timeout time.Duration, anyPath bool) bool {
	ctx, cancel := context.WithTimeout(m.ctx, timeout)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return false
		case p := <-n.found:
			if p.relayed() && !anyPath {
				continue
			}
			if err := m.move(ctx, n, p); err != nil {
				m.session.log.Debug("the session stays on its path", "error", err)
				continue
			}
			return true
		}
	}
}

func (m *mover) move(ctx context.Context, n *negotiation, p foundPath) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var r *relay
	if p.lane.appRelayed {
		if r = n.takeRelay(); r == nil {
			return errNoRelayServer
		}
	}
	if err := m.carrier.move(ctx, p, r); err != nil {
		return err
	}
	m.session.setPath(kindOf(p), p.remote)
	m.session.ping() // QUIC sends nothing on a new path by itself
	m.session.log.Info("the session has moved", "path", kindOf(p).String(), "remote", p.remote)
	if !p.relayed() {
		m.mu.Lock()
		m.retries = 0
		m.mu.Unlock()
	}
	return nil
}
