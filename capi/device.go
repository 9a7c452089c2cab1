package main

// #include "shim.h"
import "C"

import (
	"sync"
	"sync/atomic"

	"github.com/thingp2p/libthingp2p/engine"
)

// device is the engine's device with what C needs around it.
type device struct {
	engine      *engine.Device
	handle      int32
	sessions    owner
	registering sync.Mutex                 // keeps authorizer and the engine's in step
	authorizer  atomic.Pointer[authorizer] // nil: the engine decides
	asking      asking
	closing     chan struct{}
}

func openDevice(stateDir *C.char) C.int {
	config := options()
	config.StateDir = C.GoString(stateDir) // "" for NULL
	e, err := engine.NewDevice(config)
	if err != nil {
		logger.Error("the device cannot be opened", "error", err)
		return toC(engine.CodeOf(err))
	}
	d := &device{engine: e, asking: newAsking(), closing: make(chan struct{})}
	var code engine.Code
	if d.handle, code = handles.add(d, nil); code != engine.OK {
		e.Close()
		return toC(code)
	}
	return C.int(d.handle)
}

func giveDeviceText(handle C.int, buffer *C.char, size C.int, text func(*engine.Device) string) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	given := text(d.engine)
	if given == "" {
		return toC(engine.ErrDeviceNotOnline) // no address; the others are never empty
	}
	return giveText(buffer, size, given)
}

func listenDevice(handle C.int) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return ofDevice(d.engine.Listen())
}

// ofDevice is failed for calls that do not wait: to them a device that was closed
// meanwhile is no device.
func ofDevice(err error) C.int {
	if engine.CodeOf(err) == engine.ErrListenBreak {
		return toC(engine.ErrInvalidSession)
	}
	return failed(err)
}

func accept(handle, timeoutMS C.int, peer *C.thing_p2p_peer) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	session, err := d.engine.Accept(waitFor(timeoutMS))
	if err != nil {
		return failed(err)
	}
	accepted, code := handles.add(session, &d.sessions)
	if code != engine.OK {
		session.Close()
		return toC(engine.ErrListenBreak)
	}
	if peer != nil {
		givePeer(peer, session.Peer())
	}
	return C.int(accepted)
}

func closeDevice(handle C.int, caller C.uintptr_t) C.int {
	d, ok := take[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	handles.closeOwner(&d.sessions)
	// The engine waits for its goroutines: one that asks the authorizer must
	// not wait for an answer that comes after this call.
	close(d.closing)
	if err := d.engine.Close(); err != nil {
		logger.Warn("the device did not close cleanly", "error", err)
	}
	d.register(nil, uintptr(caller))
	giveBack()
	return toC(engine.OK)
}
