package main

// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

func devicePairings(handle C.int, list *C.thing_p2p_pairing, count C.int) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	pairings := d.engine.Pairings()
	if count == 0 {
		return C.int(len(pairings))
	}
	size := list.struct_size
	for i, p := range pairings[:min(len(pairings), int(count))] {
		c := pairingToC(p)
		to := unsafe.Add(unsafe.Pointer(list), uintptr(i)*uintptr(size))
		*(*C.uint32_t)(to) = size
		giveStruct(to, unsafe.Pointer(&c), size, unsafe.Sizeof(c))
	}
	return C.int(len(pairings))
}

func pairingToC(p engine.Pairing) C.thing_p2p_pairing {
	var c C.thing_p2p_pairing
	c.sessions = C.int32_t(p.Sessions)
	c.since = C.int64_t(p.Since.Unix())
	putText(c.app_id[:], p.AppID)
	putText(c.uid[:], p.UID)
	return c
}

func unpairDevice(handle C.int, appID *C.char) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return failed(d.engine.Unpair(C.GoString(appID)))
}

func resetTicket(handle C.int) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return failed(d.engine.ResetTicket())
}
