package main

// #include "shim.h"
import "C"

import (
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// A call stands on a thread of the host's, with all signals held back (call.c).
// So it may not be held up for long, nor write to a socket, which might raise a
// signal: what does more than look up something is done on a goroutine. The call
// waits for it here for a moment, since Go then gives the processor to what it
// waits for; then it leaves, and waits in C.
const (
	patience    = 5 * time.Millisecond // so long a signal may have to wait
	mostPatient = 32                   // at a time: call.c lets only twice as many in
)

var patient atomic.Int32

// bePatient calls wait with the time for which a call may wait here.
func bePatient(wait func(time.Duration) (result C.int, done bool)) (result C.int, done bool) {
	defer patient.Add(-1)
	if patient.Add(1) > mostPatient {
		return wait(0)
	}
	return wait(patience)
}

// later does what the host calls for now and then. When it returns an error, the
// log has told why.
func later(call *C.tp2p_call, answer func() C.int) C.int {
	return wait(call, func() C.int {
		result := answer()
		if result < 0 {
			deliverLog(uintptr(call.caller))
		}
		return result
	})
}

// wait does what may have to wait for the other side.
func wait(call *C.tp2p_call, answer func() C.int) C.int {
	w := start(call, answer)
	if result, done := bePatient(w.wait); done {
		return result
	}
	return w.leave()
}

// waiting is a call and the goroutine that will answer it.
type waiting struct {
	call     *C.tp2p_call
	answered chan C.int
	over     atomic.Bool // the call has left, or it is answered here
}

func start(call *C.tp2p_call, answer func() C.int) *waiting {
	w := &waiting{call: call, answered: make(chan C.int, 1)}
	guarded.Go(func() {
		result := toC(engine.ErrInternal)
		defer func() { w.answer(result) }()
		defer guard(&result)
		result = answer()
	})
	return w
}

func (w *waiting) answer(result C.int) {
	if w.over.CompareAndSwap(false, true) {
		w.answered <- result
	} else {
		C.tp2p_finish(w.call, result)
	}
}

func (w *waiting) wait(patience time.Duration) (result C.int, done bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case result = <-w.answered:
		return result, true
	case <-timer.C:
		return 0, false
	}
}

// leave returns the answer if there is one by now.
func (w *waiting) leave() C.int {
	if w.over.CompareAndSwap(false, true) {
		return C.TP2P_WAIT
	}
	return <-w.answered
}
