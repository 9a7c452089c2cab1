package main

// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

func openPoller() C.int {
	p := engine.NewPoller()
	handle, code := handles.add(p, nil)
	if code != engine.OK {
		return toC(code)
	}
	return C.int(handle)
}

func setPoller(handle, watched C.int, events, channels C.uint32_t) C.int {
	p, ok := find[*engine.Poller](&handles, int32(handle))
	what, known := watchedBy(int32(watched))
	if !ok || !known {
		return toC(engine.ErrInvalidSession)
	}
	return failed(p.Watch(what, int32(watched), engine.Events(events), uint32(channels)))
}

// watchedBy is what a handle names, if that can be watched.
func watchedBy(handle int32) (engine.Watched, bool) {
	if session, ok := find[*engine.Session](&handles, handle); ok {
		return session, true
	}
	if d, ok := find[*device](&handles, handle); ok {
		return d.engine, true
	}
	return nil, false
}

func polling(p *engine.Poller, list *C.thing_p2p_event, count C.int) func(time.Duration) (C.int, bool) {
	events := make([]engine.Event, min(int(count), max(p.Watches(), 1)))
	return func(timeout time.Duration) (C.int, bool) {
		n, err := p.Wait(events, timeout)
		if err != nil {
			return toC(engine.CodeOf(err)), err != engine.ErrTimeout
		}
		size := list.struct_size
		for i, e := range events[:n] {
			c := eventToC(e)
			c.struct_size = size
			to := unsafe.Add(unsafe.Pointer(list), uintptr(i)*uintptr(size))
			copy(borrow(to, C.int(min(uintptr(size), unsafe.Sizeof(c)))), borrow(unsafe.Pointer(&c), C.int(unsafe.Sizeof(c))))
		}
		return C.int(n), true
	}
}

func eventToC(e engine.Event) C.thing_p2p_event {
	return C.thing_p2p_event{
		handle: C.int32_t(e.Tag), events: C.uint32_t(e.Events),
		readable: C.uint32_t(e.Readable), writable: C.uint32_t(e.Writable), code: C.int32_t(e.Code),
	}
}

func wakePoller(handle C.int) C.int {
	p, ok := find[*engine.Poller](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return toC(engine.CodeOf(p.Wake()))
}

func pollerFD(handle C.int) C.int {
	p, ok := find[*engine.Poller](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	fd, err := p.Descriptor()
	if err != nil {
		return failed(err)
	}
	return C.int(fd)
}

func closePoller(handle C.int) C.int {
	p, ok := take[*engine.Poller](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	p.Close()
	return toC(engine.OK)
}
