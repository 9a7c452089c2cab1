package main

// #include "shim.h"
import "C"

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// transfer answers thing_p2p_read and thing_p2p_send: move waits for a time, and
// returns what to answer, and whether that is all. At first it does so right here.
func transfer(call *C.tp2p_call, timeoutMS C.int, move func(time.Duration) (result C.int, done bool)) C.int {
	timeout := waitFor(timeoutMS)
	deadline := time.Now().Add(timeout)
	result, done := bePatient(func(patience time.Duration) (C.int, bool) {
		if timeout < 0 || timeout > patience {
			return move(patience)
		}
		result, _ := move(timeout)
		return result, true
	})
	if done {
		return result
	}
	return start(call, func() C.int {
		if timeout > 0 {
			timeout = max(time.Until(deadline), 0)
		}
		result, _ := move(timeout)
		return result
	}).leave()
}

func reading(session *engine.Session, channel C.int, buffer []byte) func(time.Duration) (C.int, bool) {
	return func(timeout time.Duration) (C.int, bool) {
		n, err := session.Read(int(channel), buffer, timeout)
		if n > 0 {
			return C.int(n), true
		}
		return toC(engine.CodeOf(err)), err != engine.ErrTimeout
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
		return toC(engine.CodeOf(err)), err != engine.ErrTimeout
	}
}
