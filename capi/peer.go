package main

// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

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
