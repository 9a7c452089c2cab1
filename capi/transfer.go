package main

// #include "shim.h"
import "C"

import (
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// A transfer first waits inside of Go: what comes soon, as in a stream or as an
// answer from near by, comes soonest this way, since Go gives the processor to
// what the caller waits for. Then it leaves, and waits in C.
const (
	patience    = 5 * time.Millisecond // so long a signal may have to wait
	mostPatient = 32                   // at a time: call.c lets only twice as many in
)

var patient atomic.Int32

// transfer answers thing_p2p_read and thing_p2p_send: move waits for a time, and
// returns what to answer, and whether that is all.
func transfer(call *C.tp2p_call, timeoutMS C.int, move func(time.Duration) (result C.int, done bool)) C.int {
	timeout := waitFor(timeoutMS)
	deadline := time.Now().Add(timeout)
	now := timeout
	if timeout < 0 || timeout > patience {
		now = patience
	}
	if patient.Add(1) > mostPatient {
		now = 0
	}
	result, done := move(now)
	patient.Add(-1)
	if done || now == timeout {
		return result
	}
	return wait(call, func() C.int {
		if timeout > 0 {
			timeout = max(time.Until(deadline), 0)
		}
		result, _ := move(timeout)
		return result
	})
}

func reading(session *engine.Session, channel C.int, buffer []byte) func(time.Duration) (C.int, bool) {
	return func(timeout time.Duration) (C.int, bool) {
		n, err := session.Read(int(channel), buffer, timeout)
		if n > 0 {
			return C.int(n), true
		}
		return failed(err), err != engine.ErrTimeout
	}
}

func sending(session *engine.Session, channel C.int, rest []byte) func(time.Duration) (C.int, bool) {
	taken := 0
	return func(timeout time.Duration) (C.int, bool) {
		n, err := session.Send(int(channel), rest, timeout)
		taken, rest = taken+n, rest[n:]
		if taken > 0 {
			return C.int(taken), len(rest) == 0 || err != nil && err != engine.ErrTimeout
		}
		return failed(err), err != engine.ErrTimeout
	}
}
