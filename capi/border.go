package main

// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// guard, deferred by every export, turns a panic into ErrInternal.
func guard(result *C.int) {
	if r := recover(); r != nil {
		panics.Report(logger, r)
		*result = toC(engine.ErrInternal)
	}
}

// guarded runs what has no caller to tell of a panic.
var guarded = panics.Guard{Log: logger}

func toC(code engine.Code) C.int { return C.int(code) }

// failed is the code of an error. What the error says beyond that is in the log, which
// is all that a program in C can have of it.
func failed(err error) C.int { return toC(told(err)) }

func told(err error) engine.Code {
	code := engine.CodeOf(err)
	if err != nil && err.Error() != code.Error() {
		logger.Warn("a call failed", "code", code.Name(), "error", err)
	}
	return code
}

// waitFor returns the engine's form of a timeout: negative is for ever.
func waitFor(timeoutMS C.int) time.Duration {
	if timeoutMS < 0 {
		return -1
	}
	return time.Duration(timeoutMS) * time.Millisecond
}

// borrow is the caller's buffer, for the time of the call only.
func borrow(buffer unsafe.Pointer, length C.int) []byte {
	return unsafe.Slice((*byte)(buffer), int(length))
}

// putText copies s and a NUL into a field, and cuts off what does not fit.
func putText(field []C.char, s string) {
	n := copy(unsafe.Slice((*byte)(unsafe.Pointer(&field[0])), len(field)-1), s)
	field[n] = 0
}

// giveText answers a call that fills a text buffer of size bytes.
func giveText(buffer *C.char, size C.int, s string) C.int {
	if len(s) >= int(size) {
		return toC(engine.ErrBufferTooSmall)
	}
	putText(unsafe.Slice(buffer, int(size)), s)
	return C.int(len(s))
}

// giveStruct copies from over to, up to the size that the caller set, and
// leaves that size alone.
func giveStruct(to, from unsafe.Pointer, callerSize C.uint32_t, size uintptr) {
	const header = unsafe.Sizeof(callerSize)
	n := min(uintptr(callerSize), size)
	copy(unsafe.Slice((*byte)(to), n)[header:], unsafe.Slice((*byte)(from), n)[header:])
}
