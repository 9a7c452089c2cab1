package main

// #include "shim.h"
import "C"

import (
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// transfer answers thing_p2p_read and thing_p2p_send. try does what can be done
// at once, and says whether that was all; if not, the caller waits in C, without
// a goroutine, and try is called again when there is a change or the time is up.
func transfer(call *C.tp2p_call, timeoutMS C.int, try func() (C.int, bool), when func(time.Time, func())) C.int {
	result, done := try()
	if done || timeoutMS == 0 {
		return result
	}
	var deadline time.Time // zero: for ever
	if timeoutMS > 0 {
		deadline = time.Now().Add(waitFor(timeoutMS))
	}
	var ready func()
	ready = func() {
		result, done := toC(engine.ErrInternal), true
		defer func() {
			if done {
				C.tp2p_finish(call, result)
			}
		}()
		defer guard(&result)
		if result, done = try(); done {
			return
		}
		if done = !deadline.IsZero() && !time.Now().Before(deadline); !done {
			when(deadline, ready)
		}
	}
	when(deadline, ready)
	return C.TP2P_WAIT
}

type reading struct {
	session *engine.Session
	channel int
	buffer  []byte
}

func (r reading) try() (result C.int, done bool) {
	n, err := r.session.Read(r.channel, r.buffer, 0)
	if n > 0 {
		return C.int(n), true
	}
	return failed(err), err != engine.ErrTimeout
}

func (r reading) when(deadline time.Time, ready func()) {
	r.session.WhenReadable(r.channel, deadline, ready)
}

type sending struct {
	session *engine.Session
	channel int
	rest    []byte
	taken   int
}

func (s *sending) try() (result C.int, done bool) {
	n, err := s.session.Send(s.channel, s.rest, 0)
	s.rest = s.rest[n:]
	s.taken += n
	if s.taken > 0 {
		return C.int(s.taken), len(s.rest) == 0 || err != nil && err != engine.ErrTimeout
	}
	return failed(err), err != engine.ErrTimeout
}

func (s *sending) when(deadline time.Time, ready func()) {
	s.session.WhenWritable(s.channel, deadline, ready)
}
