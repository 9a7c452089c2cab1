package main

// #include "shim.h"
import "C"

import (
	"math"
	"time"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

func sendFrame(handle, channel C.int, frame []byte, flags, deadlineMS C.int) C.int {
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	key := flags&C.THING_P2P_FRAME_KEY != 0
	if err := session.SendFrame(int(channel), frame, key, time.Duration(deadlineMS)*time.Millisecond); err != nil {
		return toC(engine.CodeOf(err))
	}
	return C.int(len(frame))
}

// readingFrame gives what is known of a frame also if it has no room in the buffer.
func readingFrame(session *engine.Session, channel C.int, buffer []byte, frame *C.thing_p2p_frame) func(time.Duration) (C.int, bool) {
	return func(timeout time.Duration) (C.int, bool) {
		f, err := session.ReadFrame(int(channel), len(buffer), timeout)
		if err != nil && err != engine.ErrBufferTooSmall {
			return toC(engine.CodeOf(err)), err != engine.ErrTimeout
		}
		if frame != nil {
			c := frameToC(f)
			giveStruct(unsafe.Pointer(frame), unsafe.Pointer(&c), frame.struct_size, unsafe.Sizeof(c))
		}
		if err != nil {
			return toC(engine.ErrBufferTooSmall), true
		}
		return C.int(copy(buffer, f.Bytes)), true
	}
}

func frameToC(f engine.Frame) C.thing_p2p_frame {
	var c C.thing_p2p_frame
	if f.Key {
		c.flags = C.THING_P2P_FRAME_KEY
	}
	c.sequence = C.uint64_t(f.Sequence)
	c.missing = C.uint32_t(min(f.Missing, math.MaxUint32))
	c.length = C.uint32_t(len(f.Bytes))
	return c
}

func clearChannel(handle, channel C.int) C.int {
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	dropped, err := session.Clear(int(channel))
	if err != nil {
		return toC(engine.CodeOf(err))
	}
	return C.int(dropped)
}

func unsent(handle, channel C.int, ageMS *C.int) C.int {
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	bytes, age, err := session.Unsent(int(channel))
	if err != nil {
		return toC(engine.CodeOf(err))
	}
	if ageMS != nil {
		*ageMS = C.int(min(age.Milliseconds(), math.MaxInt32))
	}
	return C.int(bytes)
}
