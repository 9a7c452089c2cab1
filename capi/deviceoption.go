package main

// #include "shim.h"
import "C"

import "github.com/thingp2p/libthingp2p/engine"

// setDeviceOption gives a device an option of its own, of a key and a value that C has
// found good.
func setDeviceOption(handle C.int, key, value *C.char) C.int {
	d, ok := find[*device](&handles, int32(handle))
	if !ok {
		return toC(engine.ErrInvalidSession)
	}
	set, text := setters[C.GoString(key)], C.GoString(value)
	return ofDevice(d.engine.Configure(func(c *engine.Config) { set(c, text) }))
}
