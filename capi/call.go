package main

// #include "shim.h"
import "C"

import "github.com/thingp2p/libthingp2p/engine"

// A call stands on a thread of the host's, with all signals held back (call.c). So it answers at once only if it is sure
// not to wait, not for a lock that is held long nor for the disk, and not to write to a socket, which might raise a
// signal. What is not sure is done later: on a goroutine, while the caller waits in C.

// later does what the host calls for now and then. When it returns an error, the log has told why.
func later(call *C.tp2p_call, answer func() C.int) C.int {
	wait(call, func() C.int {
		result := answer()
		if result < 0 {
			deliverLog(uintptr(call.caller))
		}
		return result
	})
	return C.TP2P_LATER
}

// wait does what may have to wait for the other side.
func wait(call *C.tp2p_call, answer func() C.int) C.int {
	guarded.Go(func() {
		result := toC(engine.ErrInternal)
		defer func() { C.tp2p_finish(call, result) }()
		defer guard(&result)
		result = answer()
	})
	return C.TP2P_WAIT
}
