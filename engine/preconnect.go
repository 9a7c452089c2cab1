package engine

import (
	"context"
	"math/rand/v2"
	"time"
)

// preconnection is a connection to a device that is made before anybody asks for a
// session, so that the next connect has only to ask: that takes one round trip. The
// device keeps it parked, and tells nobody.
//
//	looking ─────► parked ─────► used by a connect
//	   ▲             │
//	   └─────────────┘ it has ended, or the network is another
//
// After its time, or when it is closed, it ends in silence from wherever it is.
type preconnection struct {
	app    *App
	id     string // of the device
	ctx    context.Context
	cancel context.CancelFunc
	timer  *time.Timer   // of its time
	moved  chan struct{} // the network has changed

	// Guarded by App.mu.
	to     *Target // the latest: the device may have a new ticket
	parked *dialed // nil: not yet, or not any more
}

const (
	maxPreconnections = 8
	preconnectTime    = 5 * time.Minute
	preconnectTry     = 15 * time.Second // for one search
	preconnectPause   = 15 * time.Second // before the next, in the mean: many apps may have lost one device
)

// Preconnect makes the next Connect to a device take one round trip, if that comes
// within five minutes. It does not wait, and does not tell whether there will be a
// connection by then; without one, Connect does as always. To call it again gives it
// another five minutes. The errors are ErrSessionLimit, if there are eight already, and
// ErrConnectBreak once the app is closed.
func (a *App) Preconnect(to *Target) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrConnectBreak
	}
	if p := a.preconnections[to.deviceID]; p != nil && p.timer.Stop() {
		p.to = to
		p.timer.Reset(preconnectTime)
		return nil
	}
	if !hasRoom(a.preconnections, maxPreconnections, to.deviceID) {
		return ErrSessionLimit
	}
	p := &preconnection{app: a, id: to.deviceID, to: to, moved: make(chan struct{}, 1)}
	p.ctx, p.cancel = context.WithCancel(a.ctx)
	p.timer = a.workers.After(preconnectTime, p.cancel)
	a.preconnections[to.deviceID] = p
	a.calls.Add(1)
	a.workers.Go(func() {
		defer a.calls.Done()
		p.run()
	})
	return nil
}

// ClosePreconnect ends what Preconnect has begun with a device, if anything.
func (a *App) ClosePreconnect(to *Target) {
	if left := a.takeParked(to.deviceID); left != nil {
		left.carrier.close()
	}
}

// takeParked ends the preconnection with a device, and returns its connection if there is
// one by now.
func (a *App) takeParked(deviceID string) *dialed {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.preconnections[deviceID]
	if p == nil {
		return nil
	}
	delete(a.preconnections, deviceID)
	p.cancel()
	return p.takeParked()
}

// takeParked needs the app's lock.
func (p *preconnection) takeParked() (d *dialed) {
	d, p.parked = p.parked, nil
	return d
}

func (p *preconnection) run() {
	defer p.end()
	for p.ctx.Err() == nil {
		at := &attempt{
			app: p.app, to: p.target(), mode: ModeInternet, traceID: NewTraceID(), started: time.Now(),
			again: make(chan struct{}, 1), parks: true,
		}
		won, err := p.find(at)
		switch {
		case err == nil:
			if p.keep(won) {
				continue
			}
		case p.target() != at.to:
			continue
		case at.greeted.Load() || !mayPass(err):
			return // the device does not do this for us, or does not know it
		}
		p.pause()
	}
}

func (p *preconnection) target() *Target {
	p.app.mu.Lock()
	defer p.app.mu.Unlock()
	return p.to
}

// mayPass reports whether what kept two apart can be otherwise in a while.
func mayPass(err error) bool {
	switch CodeOf(err) {
	case ErrTimeout, ErrNoAnswer, ErrSignaling, ErrDeviceNotOnline, ErrNoRelay, ErrNoMemory:
		return true
	}
	return false
}

func (p *preconnection) end() {
	p.cancel()
	p.timer.Stop()
	p.app.mu.Lock()
	defer p.app.mu.Unlock()
	if p.app.preconnections[p.id] == p {
		delete(p.app.preconnections, p.id)
	}
}

// find connects as an attempt does, but for the session.
func (p *preconnection) find(at *attempt) (dialed, error) {
	ctx, cancel := context.WithTimeout(p.ctx, preconnectTry)
	defer cancel()
	at.ctx = ctx
	won, err := at.find()
	if err == nil && at.negotiation != nil {
		at.stopPunching()
	}
	return won, err
}

// keep holds a connection until it is used, has ended, or has to; again says that the
// next one is to be looked for at once.
func (p *preconnection) keep(won dialed) (again bool) {
	began := time.Now()
	p.app.mu.Lock()
	p.parked = &won
	p.app.mu.Unlock()
	select {
	case <-p.moved: // what was the best path may be none now
		again = true
	case <-won.carrier.conn.Context().Done():
		again = time.Since(began) > preconnectPause // the device keeps none for ever
	case <-p.ctx.Done():
	}
	p.app.mu.Lock()
	left := p.takeParked()
	p.app.mu.Unlock()
	if left != nil {
		left.carrier.close()
	}
	return again
}

func (p *preconnection) pause() {
	timer := time.NewTimer(preconnectPause/2 + rand.N(preconnectPause))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.moved:
	case <-p.ctx.Done():
	}
}

// renewPreconnections is for a network that is another now.
func (a *App) renewPreconnections() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.preconnections {
		select {
		case p.moved <- struct{}{}:
		default: // it knows
		}
	}
}

// silentTooLong is how long a parked connection may take to acknowledge a hello before
// the attempt goes on without it.
const silentTooLong = 300 * time.Millisecond

// askParked asks over a connection that was parked, if there is one. over says that this
// has decided the attempt; if not, it goes on as if there had been none.
func (at *attempt) askParked() (s *Session, over bool, err error) {
	d := at.app.takeParked(at.to.deviceID)
	if d == nil {
		return nil, false, nil
	}
	conn := d.carrier.conn
	ctx, cancel := context.WithCancelCause(at.ctx)
	defer cancel(nil)
	before := conn.answered()
	look := at.app.workers.After(max(silentTooLong, 3*conn.ConnectionStats().SmoothedRTT), func() {
		if conn.answered() == before {
			cancel(ErrTimeout)
		} else {
			at.greeted.Store(true)
		}
	})
	defer look.Stop()
	told, err := d.carrier.ask(ctx, d.control, at.hello(), at.to.secret)
	if err == nil {
		return at.session(*d), true, nil
	}
	d.carrier.close()
	switch {
	case at.ctx.Err() != nil:
		return nil, true, at.interrupted()
	case told:
		return nil, true, err
	}
	at.greeted.Store(false)
	at.app.log.Debug("what was connected before is of no use", "trace", at.traceID, "error", err)
	return nil, false, nil
}
