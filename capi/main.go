// Package main is the C border of libthingp2p: it checks, translates and hands
// on to package engine, and has no logic of its own.
//
// A call goes this way:
//
//	thing_p2p_read      shim.c: fork guard, arguments; the only exported symbols
//	  tp2p_begin        call.c: signals and cancellation wait
//	    tp2pGoRead      exports.go: panics become codes, the handle an object
//	      Session.Read  package engine; on a goroutine if it may have to wait
//	  tp2p_end          call.c: waits for the goroutine, as the host's own thread
//
// A callback comes back this way:
//
//	queue               queue.go: in order, one at a time, on its own goroutine
//	  tp2p_call_...     callbacks.c: marks the thread while the C function runs
//
// Go's runtime is started by the first call that needs it (start.c). What can be
// done before is done in C: options, codes, the version.
//
// Objects live in one table (handles.go). An owner, the app or a device, takes
// its sessions along when it closes.
//
// Build it with -buildmode=c-shared or c-archive; the header is
// include/thingp2p.h, not the one that cgo writes.
package main

// #cgo CFLAGS: -std=gnu99 -Wall -Wextra -I${SRCDIR}/../include
// #cgo windows CFLAGS: -DTHING_P2P_BUILD
// #cgo windows LDFLAGS: -lpthread -lws2_32
// #cgo !windows LDFLAGS: -pthread
import "C"

func main() {}
