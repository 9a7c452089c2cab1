package main

// #include "shim.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

// device is the engine's device with what C needs around it.
type device struct {
	engine      *engine.Device
	handle      int32
	sessions    owner
	registering sync.Mutex                 // keeps authorizer and the engine's in step
	authorizer  atomic.Pointer[authorizer] // nil: the engine decides
	closing     chan struct{}
}

//export tp2pGoDeviceOpen
func tp2pGoDeviceOpen(stateDir *C.char) (result C.int) {
	defer guard(&result)
	config := options.config()
	config.StateDir = C.GoString(stateDir) // "" for NULL
	e, err := engine.NewDevice(config)
	if err != nil {
		logger.Error("the device cannot be opened", "error", err)
		return failed(err)
	}
	d := &device{engine: e, closing: make(chan struct{})}
	var code engine.Code
	if d.handle, code = handles.add(d, nil); code != engine.OK {
		e.Close()
		return toC(code)
	}
	return C.int(d.handle)
}

//export tp2pGoDeviceID
func tp2pGoDeviceID(handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return giveDeviceText(handle, buffer, size, (*engine.Device).ID)
}

//export tp2pGoDeviceTicket
func tp2pGoDeviceTicket(handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return giveDeviceText(handle, buffer, size, (*engine.Device).Ticket)
}

//export tp2pGoDeviceAddress
func tp2pGoDeviceAddress(handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return giveDeviceText(handle, buffer, size, (*engine.Device).Address)
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

//export tp2pGoDeviceListen
func tp2pGoDeviceListen(handle C.int) (result C.int) {
	defer guard(&result)
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return failed(d.engine.Listen())
}

//export tp2pGoAccept
func tp2pGoAccept(handle, timeoutMS C.int, peer *C.thing_p2p_peer) (result C.int) {
	defer guard(&result)
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
		c := peerToC(session.Peer())
		giveStruct(unsafe.Pointer(peer), unsafe.Pointer(&c), peer.struct_size, unsafe.Sizeof(c))
	}
	return C.int(accepted)
}

//export tp2pGoDeviceClose
func tp2pGoDeviceClose(handle C.int, caller C.uintptr_t) (result C.int) {
	defer guard(&result)
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
	d.authorizer.Swap(nil).end(uintptr(caller))
	return toC(engine.OK)
}
