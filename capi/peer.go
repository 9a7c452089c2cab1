package main

// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

// sessionPeer is about the app at the other end of a device's session.
func sessionPeer(handle C.int, peer *C.thing_p2p_peer) C.int {
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	p := session.Peer()
	if p.AppID == "" { // the session is an app's
		return toC(engine.ErrInvalidParameter)
	}
	givePeer(peer, p)
	return toC(engine.OK)
}

func givePeer(to *C.thing_p2p_peer, p engine.Peer) {
	c := peerToC(p)
	giveStruct(unsafe.Pointer(to), unsafe.Pointer(&c), to.struct_size, unsafe.Sizeof(c))
}

func peerToC(p engine.Peer) C.thing_p2p_peer {
	var c C.thing_p2p_peer
	c.struct_size = C.uint32_t(unsafe.Sizeof(c))
	putText(c.uid[:], p.UID)
	putText(c.app_id[:], p.AppID)
	putText(c.trace_id[:], p.TraceID)
	if p.HasTicket {
		c.has_ticket = 1
	}
	return c
}
