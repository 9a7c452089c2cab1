package main

// #include "shim.h"
import "C"

import "github.com/thingp2p/libthingp2p/engine"

func preconnect(target *C.char) C.int { return withTarget(target, (*engine.App).Preconnect) }

func closePreconnect(target *C.char) C.int {
	return withTarget(target, func(a *engine.App, to *engine.Target) error {
		a.ClosePreconnect(to)
		return nil
	})
}

// withTarget has the current app do something about a device.
func withTarget(target *C.char, do func(*engine.App, *engine.Target) error) C.int {
	a, code := currentApp()
	if code != engine.OK {
		return toC(code)
	}
	to, err := a.engine.Resolve(C.GoString(target))
	if err != nil {
		return failed(err)
	}
	if err = do(a.engine, to); engine.CodeOf(err) == engine.ErrConnectBreak { // deinit was faster
		return toC(engine.ErrNotInitialized)
	}
	return failed(err)
}
