package main

// #include "shim.h"
import "C"

import (
	"sync/atomic"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// asking are the queues of a device's questions to its authorizer, whichever it is at the time. Like the engine they keep
// apps of three kinds apart: who thinks about a stranger can be asked about a paired app.
type asking struct{ paired, withTicket, strangers *queue }

func newAsking() asking { return asking{newQueue(), newQueue(), newQueue()} }

func (a asking) queueFor(peer engine.Peer) *queue {
	switch {
	case peer.Paired:
		return a.paired
	case peer.HasTicket:
		return a.withTicket
	}
	return a.strangers
}

// authorizer is one registration of thing_p2p_device_set_authorizer.
type authorizer struct {
	callback, user C.uintptr_t
	ended          atomic.Bool
}

func setAuthorizer(handle C.int, callback, user, caller C.uintptr_t) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	var next *authorizer
	if callback != 0 {
		next = &authorizer{callback: callback, user: user}
	}
	d.register(next, uintptr(caller))
	return toC(engine.OK)
}

// register returns when no callback runs of those that were registered before, also if it was somebody else who ended it. next
// may be nil.
func (d *device) register(next *authorizer, caller uintptr) {
	d.registering.Lock()
	if previous := d.authorizer.Swap(next); previous != nil {
		previous.ended.Store(true)
	}
	if next == nil {
		d.engine.SetAuthorizer(nil)
	} else {
		d.engine.SetAuthorizer(d.authorize)
	}
	d.registering.Unlock()
	for _, q := range []*queue{d.asking.paired, d.asking.withTicket, d.asking.strangers} {
		q.settle(caller)
	}
}

// authorize asks C, on the engine's behalf.
func (d *device) authorize(peer engine.Peer) engine.Code {
	a := d.authorizer.Load()
	if a == nil { // removed this moment: the app may try again
		return engine.ErrDeviceBusy
	}
	answer, q := make(chan engine.Code, 1), d.asking.queueFor(peer)
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
