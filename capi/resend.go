package main

// #include "shim.h"
import "C"

import "github.com/thingp2p/libthingp2p/engine"

func resendOffer(target *C.char) C.int {
	return withTarget(target, func(e *engine.App, to *engine.Target) error {
		err := e.ResendOffer(to)
		if a, code := currentApp(); err != nil && code == engine.OK && a.isAboutToConnect(to) { // and asks for the first time
			return nil
		}
		return err
	})
}

// isAboutToConnect reports whether there is an attempt, which the engine need not have
// seen yet.
func (a *app) isAboutToConnect(to *engine.Target) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.attempts {
		if t.to.DeviceID() == to.DeviceID() && !t.broken && t.context.Err() == nil {
			return true
		}
	}
	return false
}
