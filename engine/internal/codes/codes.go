// Package codes has the numbers by which operations end, and what each means.
package codes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Code says how an operation ended. The numbers are those of the C ABI and of
// the wire: a refusal travels as its number. Zero is success and never an error.
type Code int32

const (
	OK                    Code = 0
	ErrNotInitialized     Code = -1
	ErrAlreadyInitialized Code = -2
	ErrTimeout            Code = -3
	ErrInvalidID          Code = -4
	ErrInvalidParameter   Code = -5
	ErrDeviceNotOnline    Code = -6
	ErrNoRelay            Code = -10
	ErrInvalidSession     Code = -11
	ErrClosedRemote       Code = -12
	ErrClosedTimeout      Code = -13
	ErrClosedLocal        Code = -14
	ErrListenBreak        Code = -16
	ErrConnectBreak       Code = -19
	ErrSessionLimit       Code = -23
	ErrNoMemory           Code = -29
	ErrHandshake          Code = -37
	ErrNoAnswer           Code = -50
	ErrSignaling          Code = -58
	ErrRemote             Code = -100
	ErrDevicePrivacy      Code = -102
	ErrDeviceFull         Code = -104
	ErrAuth               Code = -105
	ErrDeviceBusy         Code = -113
	ErrForked             Code = -200
	ErrBufferTooSmall     Code = -201
	ErrInternal           Code = -202
	ErrKeyFrame           Code = -203
	ErrBusy               Code = -204
)

// table is the one source of names and sentences. Its words are those of package engine; capi/tests/codes says what C calls the
// same things. What other languages have of it is checked, or written by ./build.sh abi-record.
var table = map[Code]struct{ name, text string }{
	OK:                    {"OK", "success"},
	ErrNotInitialized:     {"ERR_NOT_INITIALIZED", "the library is not initialised: call NewApp first"},
	ErrAlreadyInitialized: {"ERR_ALREADY_INITIALIZED", "already initialised with another uid: call App.Close first"},
	ErrTimeout:            {"ERR_TIMEOUT", "the time was up: allow more time, and if no device was found check that it is on, in reach, and that its ticket is the one it shows now"},
	ErrInvalidID:          {"ERR_INVALID_ID", "neither a device id, a ticket nor a known name: check the id, or bind the name with App.AddDevice"},
	ErrInvalidParameter:   {"ERR_INVALID_PARAMETER", "a parameter is missing, out of range or malformed: see the function's description"},
	ErrDeviceNotOnline:    {"ERR_DEVICE_NOT_ONLINE", "the device is offline: check its power and its network"},
	ErrNoRelay:            {"ERR_NO_RELAY", "the two networks need a relay and none is available: check the server's TURN service and Config.Relay"},
	ErrInvalidSession:     {"ERR_INVALID_SESSION", "no such handle: it never existed or was closed"},
	ErrClosedRemote:       {"ERR_CLOSED_REMOTE", "the other side closed the session"},
	ErrClosedTimeout:      {"ERR_CLOSED_TIMEOUT", "the other side went silent: connect again"},
	ErrClosedLocal:        {"ERR_CLOSED_LOCAL", "the session was closed on this side"},
	ErrListenBreak:        {"ERR_LISTEN_BREAK", "the device was closed while accept waited"},
	ErrConnectBreak:       {"ERR_CONNECT_BREAK", "the attempt was broken off by this side"},
	ErrSessionLimit:       {"ERR_SESSION_LIMIT", "too many sessions here: close one or raise Config.MaxSessions"},
	ErrNoMemory:           {"ERR_NO_MEMORY", "out of memory, address space, threads or open files: raise the limits of the process, see ulimit -a"},
	ErrHandshake:          {"ERR_HANDSHAKE", "the secure handshake failed: update both sides and connect again"},
	ErrNoAnswer:           {"ERR_NO_ANSWER", "the device did not answer the offer: it may be offline or busy"},
	ErrSignaling:          {"ERR_SIGNALING", "the server cannot be reached: check Config.Server and the network"},
	ErrRemote:             {"ERR_REMOTE", "the device ended the attempt and gave no reason"},
	ErrDevicePrivacy:      {"ERR_DEVICE_PRIVACY", "the device is in privacy mode"},
	ErrDeviceFull:         {"ERR_DEVICE_FULL", "the device has no session left: try later"},
	ErrAuth:               {"ERR_AUTH", "the device did not accept this app, or is not who its id says: use its current ticket"},
	ErrDeviceBusy:         {"ERR_DEVICE_BUSY", "the device is busy: try later"},
	ErrForked:             {"ERR_FORKED", "the library had started before the fork, and cannot be used in the child: fork before the first NewApp, NewDevice, NewPoller or SetAddresses, or start a new program"},
	ErrBufferTooSmall:     {"ERR_BUFFER_TOO_SMALL", "the caller's buffer is too small: pass a larger one"},
	ErrInternal:           {"ERR_INTERNAL", "a fault in the library: the log has the details"},
	ErrKeyFrame:           {"ERR_KEY_FRAME", "a frame since the last key frame was dropped: send a key frame next"},
	ErrBusy:               {"ERR_BUSY", "another process, or another device of this one, uses this Config.StateDir: close it first, or choose another directory"},
}

// Known reports whether c is a code that the library uses.
func (c Code) Known() bool { _, ok := table[c]; return ok }

// Name returns the code's name without its prefix, "ERR_TIMEOUT" for -3.
func (c Code) Name() string {
	if e, ok := table[c]; ok {
		return e.name
	}
	return "ERR_UNKNOWN"
}

// Error returns a sentence that tells the user what to do.
func (c Code) Error() string {
	if e, ok := table[c]; ok {
		return e.text
	}
	return "unknown error code"
}

// Is reports whether target is what Go's own packages call c.
func (c Code) Is(target error) bool {
	switch target {
	case os.ErrDeadlineExceeded:
		return c == ErrTimeout
	case net.ErrClosed:
		return c == ErrClosedLocal || c == ErrListenBreak
	}
	return false
}

// Timeout and Temporary make Code a net.Error.
func (c Code) Timeout() bool   { return c == ErrTimeout }
func (c Code) Temporary() bool { return c == ErrTimeout }

// All lists every code that the library uses, in no particular order.
func All() []Code {
	all := make([]Code, 0, len(table))
	for c := range table {
		all = append(all, c)
	}
	return all
}

// fault is a code with its cause.
type fault struct {
	code  Code
	cause error
}

func (f *fault) Error() string   { return fmt.Sprintf("%s (%s)", f.code.Error(), f.cause) }
func (f *fault) Unwrap() []error { return []error{f.code, f.cause} }

// Because returns code as an error that wraps its cause. Where the process has nothing left to
// open a file or a socket with, the code says that: whatever it is that did not work, nothing else is wrong.
func Because(code Code, cause error) error {
	if cause == nil {
		return code
	}
	for _, lacks := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(cause, lacks) {
			code = ErrNoMemory
		}
	}
	return &fault{code, cause}
}

// Of returns the code that err carries: OK for nil, ErrInternal for an
// error that carries none.
func Of(err error) Code {
	if err == nil {
		return OK
	}
	if c, ok := errors.AsType[Code](err); ok {
		return c
	}
	return ErrInternal
}
