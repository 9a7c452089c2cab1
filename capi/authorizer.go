package main

// #include "shim.h"
import "C"

import (
	"sync/atomic"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// authorizer is one registration of thing_p2p_device_set_authorizer. Like the
// engine it keeps apps of three kinds apart: who thinks about a stranger can be
// asked about a paired app.
type authorizer struct {
	callback, user                C.uintptr_t
	paired, withTicket, strangers *queue
	ended                         atomic.Bool
}

func setAuthorizer(handle C.int, callback, user, caller C.uintptr_t) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	var next *authorizer
	if callback != 0 {
		next = &authorizer{
			callback: callback, user: user,
			paired: newQueue(), withTicket: newQueue(), strangers: newQueue(),
		}
	}
	d.registering.Lock()
	previous := d.authorizer.Swap(next)
	if next == nil {
		d.engine.SetAuthorizer(nil)
	} else {
		d.engine.SetAuthorizer(d.authorize)
	}
	d.registering.Unlock()
	previous.end(uintptr(caller))
	return toC(engine.OK)
}

// end makes sure that the callback is not called any more. a may be nil.
func (a *authorizer) end(caller uintptr) {
	if a == nil {
		return
	}
	a.ended.Store(true)
	for _, q := range []*queue{a.paired, a.withTicket, a.strangers} {
		q.drain(caller)
	}
}

func (a *authorizer) queueFor(peer engine.Peer) *queue {
	switch {
	case peer.Paired:
		return a.paired
	case peer.HasTicket:
		return a.withTicket
	}
	return a.strangers
}

// authorize asks C, on the engine's behalf.
func (d *device) authorize(peer engine.Peer) engine.Code {
	a := d.authorizer.Load()
	if a == nil { // removed this moment: the app may try again
		return engine.ErrDeviceBusy
	}
	answer, q := make(chan engine.Code, 1), a.queueFor(peer)
	q.post(func() { answer <- a.ask(q, d.handle, peer) })
	select {
	case code := <-answer:
		return code
	case <-d.closing:
		return engine.ErrRemote
	}
}

// ask calls the callback, unless its registration has ended.
func (a *authorizer) ask(q *queue, device int32, peer engine.Peer) (code engine.Code) {
	if a.ended.Load() {
		return engine.ErrDeviceBusy
	}
	defer func() {
		if r := recover(); r != nil {
			panics.Report(logger, r)
			code = engine.ErrRemote
		}
	}()
	c := peerToC(peer)
	code = engine.Code(C.tp2p_call_authorize(C.uintptr_t(q.id), a.callback, C.int(device), &c, a.user))
	if !code.Known() {
		return engine.ErrAuth
	}
	return code
}
