package engine

import "github.com/thingp2p/libthingp2p/engine/internal/codes"

// Code says how an operation ended. The numbers are those of the C ABI and of
// the wire: a refusal travels as its number. Zero is success and never an error.
type Code = codes.Code

const (
	OK                    = codes.OK
	ErrNotInitialized     = codes.ErrNotInitialized
	ErrAlreadyInitialized = codes.ErrAlreadyInitialized
	ErrTimeout            = codes.ErrTimeout
	ErrInvalidID          = codes.ErrInvalidID
	ErrInvalidParameter   = codes.ErrInvalidParameter
	ErrDeviceNotOnline    = codes.ErrDeviceNotOnline
	ErrNoRelay            = codes.ErrNoRelay
	ErrInvalidSession     = codes.ErrInvalidSession
	ErrClosedRemote       = codes.ErrClosedRemote
	ErrClosedTimeout      = codes.ErrClosedTimeout
	ErrClosedLocal        = codes.ErrClosedLocal
	ErrListenBreak        = codes.ErrListenBreak
	ErrConnectBreak       = codes.ErrConnectBreak
	ErrSessionLimit       = codes.ErrSessionLimit
	ErrNoMemory           = codes.ErrNoMemory
	ErrHandshake          = codes.ErrHandshake
	ErrNoAnswer           = codes.ErrNoAnswer
	ErrSignaling          = codes.ErrSignaling
	ErrRemote             = codes.ErrRemote
	ErrDevicePrivacy      = codes.ErrDevicePrivacy
	ErrDeviceFull         = codes.ErrDeviceFull
	ErrAuth               = codes.ErrAuth
	ErrDeviceBusy         = codes.ErrDeviceBusy
	ErrForked             = codes.ErrForked
	ErrBufferTooSmall     = codes.ErrBufferTooSmall
	ErrInternal           = codes.ErrInternal
	ErrKeyFrame           = codes.ErrKeyFrame
	ErrBusy               = codes.ErrBusy
)

// Codes lists every code that the library uses, in no particular order.
func Codes() []Code { return codes.All() }

// CodeOf returns the code that err carries: OK for nil, ErrInternal for an
// error that carries none.
func CodeOf(err error) Code { return codes.Of(err) }
