package main

// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

// What shim.c calls, in the order of the header. Each function of the program's comes in here on its thread.

//export tp2pGoStarted
func tp2pGoStarted(level C.int, callback, user C.uintptr_t) (result C.int) {
	defer guard(&result)
	setSink(level, callback, user) // when this runs, all packages are ready
	return toC(engine.OK)
}

//export tp2pGoInit
func tp2pGoInit(call *C.tp2p_call, uid *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return initApp(uid) })
}

//export tp2pGoDeinit
func tp2pGoDeinit(call *C.tp2p_call) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return deinitApp(call.caller) })
}

//export tp2pGoAddDevice
func tp2pGoAddDevice(call *C.tp2p_call, name, ticket *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return addDevice(name, ticket) })
}

//export tp2pGoAddAddress
func tp2pGoAddAddress(call *C.tp2p_call, target, address *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return addAddress(target, address) })
}

//export tp2pGoNetworkChanged
func tp2pGoNetworkChanged(call *C.tp2p_call) (result C.int) {
	defer guard(&result)
	return later(call, networkChanged)
}

//export tp2pGoSetAddresses
func tp2pGoSetAddresses(call *C.tp2p_call, addresses *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return setAddresses(addresses) })
}

//export tp2pGoConnect
func tp2pGoConnect(call *C.tp2p_call, target *C.char, mode, timeoutMS C.int, success, failure, user C.uintptr_t, traceID *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return connect(target, mode, timeoutMS, success, failure, user, traceID) })
}

//export tp2pGoConnectWait
func tp2pGoConnectWait(call *C.tp2p_call, target *C.char, mode, timeoutMS C.int, traceID *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return connectWait(target, mode, timeoutMS, traceID) })
}

//export tp2pGoBreakConnect
func tp2pGoBreakConnect(call *C.tp2p_call, traceID *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return breakConnect(traceID) })
}

//export tp2pGoPreconnect
func tp2pGoPreconnect(call *C.tp2p_call, target *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return preconnect(target) })
}

//export tp2pGoClosePreconnect
func tp2pGoClosePreconnect(call *C.tp2p_call, target *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return closePreconnect(target) })
}

//export tp2pGoResendOffer
func tp2pGoResendOffer(call *C.tp2p_call, target *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return resendOffer(target) })
}

//export tp2pGoReport
func tp2pGoReport(call *C.tp2p_call, traceID, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return giveReport(traceID, buffer, size) })
}

//export tp2pGoRead
func tp2pGoRead(call *C.tp2p_call, handle, channel C.int, buffer unsafe.Pointer, length, timeoutMS C.int) (result C.int) {
	defer guard(&result)
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return transfer(call, timeoutMS, reading(session, channel, borrow(buffer, length)))
}

//export tp2pGoSend
func tp2pGoSend(call *C.tp2p_call, handle, channel C.int, buffer unsafe.Pointer, length, timeoutMS C.int) (result C.int) {
	defer guard(&result)
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return transfer(call, timeoutMS, sending(session, channel, borrow(buffer, length)))
}

//export tp2pGoSendFrame
func tp2pGoSendFrame(handle, channel C.int, frame unsafe.Pointer, length, flags, deadlineMS C.int) (result C.int) {
	defer guard(&result)
	return sendFrame(handle, channel, borrow(frame, length), flags, deadlineMS)
}

//export tp2pGoReadFrame
func tp2pGoReadFrame(call *C.tp2p_call, handle, channel C.int, buffer unsafe.Pointer, length C.int, frame *C.thing_p2p_frame, timeoutMS C.int) (result C.int) {
	defer guard(&result)
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return transfer(call, timeoutMS, readingFrame(session, channel, borrow(buffer, length), frame))
}

//export tp2pGoClear
func tp2pGoClear(call *C.tp2p_call, handle, channel C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return clearChannel(handle, channel) })
}

//export tp2pGoUnsent
func tp2pGoUnsent(handle, channel C.int, ageMS *C.int) (result C.int) {
	defer guard(&result)
	return unsent(handle, channel, ageMS)
}

//export tp2pGoActiveCheck
func tp2pGoActiveCheck(handle C.int) (result C.int) {
	defer guard(&result)
	return activeCheck(handle)
}

//export tp2pGoSessionInfo
func tp2pGoSessionInfo(handle C.int, info *C.thing_p2p_info) (result C.int) {
	defer guard(&result)
	return sessionInfo(handle, info)
}

//export tp2pGoSessionPeer
func tp2pGoSessionPeer(handle C.int, peer *C.thing_p2p_peer) (result C.int) {
	defer guard(&result)
	return sessionPeer(handle, peer)
}

//export tp2pGoDisconnect
func tp2pGoDisconnect(call *C.tp2p_call, handle C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return disconnect(handle) })
}

//export tp2pGoDeviceOpen
func tp2pGoDeviceOpen(call *C.tp2p_call, stateDir *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return openDevice(stateDir) })
}

//export tp2pGoDeviceID
func tp2pGoDeviceID(call *C.tp2p_call, handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return giveDeviceText(handle, buffer, size, (*engine.Device).ID) })
}

//export tp2pGoDeviceTicket
func tp2pGoDeviceTicket(call *C.tp2p_call, handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return giveDeviceText(handle, buffer, size, (*engine.Device).Ticket) })
}

//export tp2pGoDeviceAddress
func tp2pGoDeviceAddress(call *C.tp2p_call, handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return giveDeviceText(handle, buffer, size, (*engine.Device).Address) })
}

//export tp2pGoDevicePairings
func tp2pGoDevicePairings(call *C.tp2p_call, handle C.int, list *C.thing_p2p_pairing, count C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return devicePairings(handle, list, count) })
}

//export tp2pGoDeviceUnpair
func tp2pGoDeviceUnpair(call *C.tp2p_call, handle C.int, appID *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return unpairDevice(handle, appID) })
}

//export tp2pGoDeviceResetTicket
func tp2pGoDeviceResetTicket(call *C.tp2p_call, handle C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return resetTicket(handle) })
}

//export tp2pGoDeviceSetAuthorizer
func tp2pGoDeviceSetAuthorizer(call *C.tp2p_call, handle C.int, callback, user C.uintptr_t) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return setAuthorizer(handle, callback, user, call.caller) })
}

//export tp2pGoDeviceSetOption
func tp2pGoDeviceSetOption(call *C.tp2p_call, handle C.int, key, value *C.char) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return setDeviceOption(handle, key, value) })
}

//export tp2pGoDeviceListen
func tp2pGoDeviceListen(call *C.tp2p_call, handle C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return listenDevice(handle) })
}

//export tp2pGoDeviceStatus
func tp2pGoDeviceStatus(call *C.tp2p_call, handle C.int, buffer *C.char, size C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return giveDeviceStatus(handle, buffer, size) })
}

//export tp2pGoAccept
func tp2pGoAccept(call *C.tp2p_call, handle, timeoutMS C.int, peer *C.thing_p2p_peer) (result C.int) {
	defer guard(&result)
	return wait(call, func() C.int { return accept(handle, timeoutMS, peer) })
}

//export tp2pGoDeviceClose
func tp2pGoDeviceClose(call *C.tp2p_call, handle C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return closeDevice(handle, call.caller) })
}

//export tp2pGoPollerOpen
func tp2pGoPollerOpen(call *C.tp2p_call) (result C.int) {
	defer guard(&result)
	return later(call, openPoller)
}

//export tp2pGoPollerSet
func tp2pGoPollerSet(handle, watched C.int, events, channels C.uint32_t) (result C.int) {
	defer guard(&result)
	return setPoller(handle, watched, events, channels)
}

//export tp2pGoPollerWait
func tp2pGoPollerWait(call *C.tp2p_call, handle C.int, events *C.thing_p2p_event, count, timeoutMS C.int) (result C.int) {
	defer guard(&result)
	poller, ok := find[*engine.Poller](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return transfer(call, timeoutMS, polling(poller, events, count))
}

//export tp2pGoPollerWake
func tp2pGoPollerWake(handle C.int) (result C.int) {
	defer guard(&result)
	return wakePoller(handle)
}

//export tp2pGoPollerFD
func tp2pGoPollerFD(call *C.tp2p_call, handle C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return pollerFD(handle) })
}

//export tp2pGoPollerClose
func tp2pGoPollerClose(call *C.tp2p_call, handle C.int) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return closePoller(handle) })
}

//export tp2pGoSetLog
func tp2pGoSetLog(call *C.tp2p_call, level C.int, callback, user C.uintptr_t) (result C.int) {
	defer guard(&result)
	return later(call, func() C.int { return setLog(level, callback, user, call.caller) })
}
