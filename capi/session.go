package main

// #include "shim.h"
import "C"

import (
	"math"
	"time"
	"unsafe"

	"github.com/thingp2p/libthingp2p/engine"
)

func activeCheck(handle C.int) C.int {
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	return toC(engine.CodeOf(session.Check()))
}

func sessionInfo(handle C.int, info *C.thing_p2p_info) C.int {
	session, ok := find[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	c := infoToC(session.Info())
	giveStruct(unsafe.Pointer(info), unsafe.Pointer(&c), info.struct_size, unsafe.Sizeof(c))
	return toC(engine.OK)
}

func infoToC(i engine.Info) C.thing_p2p_info {
	var c C.thing_p2p_info
	c.path = C.int32_t(i.Path)
	c.rtt_us = in32Bits(i.RTT / time.Microsecond)
	c.min_rtt_us = in32Bits(i.MinRTT / time.Microsecond)
	c.connect_ms = in32Bits(i.ConnectTime / time.Millisecond)
	c.bytes_sent = C.uint64_t(i.BytesSent)
	c.bytes_received = C.uint64_t(i.BytesReceived)
	c.packets_sent = C.uint64_t(i.PacketsSent)
	c.packets_lost = C.uint64_t(i.PacketsLost)
	c.bandwidth_bps = C.uint64_t(i.Bandwidth)
	putText(c.trace_id[:], i.TraceID)
	putText(c.device_id[:], i.DeviceID)
	putText(c.local_address[:], i.LocalAddress)
	putText(c.remote_address[:], i.RemoteAddress)
	c.frame_bps = C.uint64_t(i.FrameRate)
	return c
}

// in32Bits is a number of units of time, at most what the struct can hold.
func in32Bits(units time.Duration) C.uint32_t {
	return C.uint32_t(min(max(units, 0), math.MaxUint32))
}

func disconnect(handle C.int) C.int {
	session, ok := take[*engine.Session](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	session.Close() // how it ended does not matter to who ends it
	return toC(engine.OK)
}
