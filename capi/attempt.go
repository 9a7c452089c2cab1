package main

import (
	"context"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// attempt is one connect on its way.
//
//	running ──► ended ──► settled: success or failure, told once
//	   └── break_connect, deinit ──┘ up to here it becomes ErrConnectBreak
type attempt struct {
	app   *app
	to    *engine.Target
	mode  engine.Mode
	trace string

	context context.Context
	cancel  context.CancelFunc
	broken  bool // guarded by app.mu
}

// Default times for a whole attempt.
const (
	internetTimeout = 15 * time.Second
	lanTimeout      = 3 * time.Second
)

// timeoutOf is how long an attempt may take.
func timeoutOf(mode engine.Mode, timeoutMS int) time.Duration {
	switch {
	case timeoutMS > 0:
		return time.Duration(timeoutMS) * time.Millisecond
	case mode == engine.ModeLAN:
		return lanTimeout
	}
	return internetTimeout
}

// run connects. It always returns: a panic is ErrInternal.
func (t *attempt) run() (session *engine.Session, code engine.Code) {
	defer t.cancel()
	defer func() {
		if r := recover(); r != nil {
			panics.Report(logger, r)
			session, code = nil, engine.ErrInternal
		}
	}()
	session, err := t.app.engine.Connect(t.context, t.to, engine.ConnectOptions{Mode: t.mode, TraceID: t.trace})
	if err != nil {
		return nil, engine.CodeOf(err)
	}
	return session, engine.OK
}

// settle fixes the outcome just before it is told: who broke the attempt before
// this point hears that it broke.
func (t *attempt) settle(session *engine.Session, code engine.Code) (int32, engine.Code) {
	handle, code := t.fix(session, code)
	if session != nil && code != engine.OK {
		session.Close()
	}
	return handle, code
}

func (t *attempt) fix(session *engine.Session, code engine.Code) (int32, engine.Code) {
	a := t.app
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.attempts, t.trace)
	switch {
	case t.broken || a.closing:
		return 0, engine.ErrConnectBreak
	case code == engine.OK:
		// Under the lock: a deinit from here on finds the handle and removes it.
		return handles.add(session, &a.sessions)
	}
	return 0, code
}

// breakAttempt ends the attempt that a trace id names.
func (a *app) breakAttempt(trace string) engine.Code {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.attempts[trace]
	if !ok || t.broken {
		return engine.ErrInvalidParameter
	}
	t.broken = true
	t.cancel()
	return engine.OK
}
