package main

// #include "shim.h"
import "C"

import (
	"context"
	"sync"

	"github.com/thingp2p/libthingp2p/engine"
)

// current is the app between init and deinit.
var current struct {
	sync.Mutex
	app *app
}

// app is the engine's app with what C needs around it: attempts that can be
// named, and callbacks in order.
type app struct {
	uid      string
	engine   *engine.App
	sessions owner
	outcomes *queue

	mu       sync.Mutex
	closing  bool
	attempts map[string]*attempt // by trace id, until their outcome is fixed
	running  sync.WaitGroup      // attempts inside the engine
}

func currentApp() (*app, engine.Code) {
	current.Lock()
	defer current.Unlock()
	if current.app == nil {
		return nil, engine.ErrNotInitialized
	}
	return current.app, engine.OK
}

func initApp(uid *C.char) C.int {
	name := C.GoString(uid)
	current.Lock()
	defer current.Unlock()
	if current.app != nil {
		if current.app.uid == name {
			return toC(engine.OK)
		}
		return toC(engine.ErrAlreadyInitialized)
	}
	config := options()
	config.UID = name
	e, err := engine.NewApp(config)
	if err != nil {
		logger.Error("the app cannot be made", "error", err)
		return toC(engine.CodeOf(err))
	}
	current.app = &app{uid: name, engine: e, outcomes: newQueue(), attempts: make(map[string]*attempt)}
	return toC(engine.OK)
}

func deinitApp(caller C.uintptr_t) C.int {
	current.Lock()
	a := current.app
	current.app = nil
	current.Unlock()
	if a == nil {
		return toC(engine.ErrNotInitialized)
	}
	a.close(uintptr(caller))
	giveBack()
	return toC(engine.OK)
}

func (a *app) close(caller uintptr) {
	a.mu.Lock()
	a.closing = true
	for _, t := range a.attempts {
		t.cancel()
	}
	a.mu.Unlock()
	handles.closeOwner(&a.sessions)
	if err := a.engine.Close(); err != nil {
		logger.Warn("the app did not close cleanly", "error", err)
	}
	a.running.Wait()
	a.outcomes.drain(caller)
}

func addDevice(name, ticket *C.char) C.int {
	a, code := currentApp()
	if code != engine.OK {
		return toC(code)
	}
	return failed(a.engine.AddDevice(C.GoString(name), C.GoString(ticket)))
}

// networkChanged tells all that this process has.
func networkChanged() C.int {
	if a, code := currentApp(); code == engine.OK {
		a.engine.NetworkChanged()
	}
	for _, d := range all[*device](&handles) {
		d.engine.NetworkChanged()
	}
	return toC(engine.OK)
}

func setAddresses(addresses *C.char) C.int {
	if err := engine.SetAddresses(C.GoString(addresses)); err != nil {
		return failed(err)
	}
	return networkChanged()
}

func addAddress(target, address *C.char) C.int {
	a, code := currentApp()
	if code != engine.OK {
		return toC(code)
	}
	of, err := a.engine.Resolve(C.GoString(target))
	if err != nil {
		return failed(err)
	}
	return failed(a.engine.AddAddress(of, C.GoString(address)))
}

func connect(target *C.char, mode, timeoutMS C.int, success, failure, user C.uintptr_t, traceID *C.char) C.int {
	a, t, code := newAttempt(C.GoString(target), mode, timeoutMS, traceID)
	if code != engine.OK {
		return toC(code)
	}
	guarded.Go(func() {
		defer a.running.Done()
		session, code := t.run()
		a.outcomes.post(func() {
			handle, code := t.settle(session, code)
			queue := C.uintptr_t(a.outcomes.id)
			if code == engine.OK {
				C.tp2p_call_success(queue, success, C.int(handle), user)
			} else {
				C.tp2p_call_failure(queue, failure, toC(code), user)
			}
		})
	})
	return toC(engine.OK)
}

func connectWait(target *C.char, mode, timeoutMS C.int, traceID *C.char) C.int {
	a, t, code := newAttempt(C.GoString(target), mode, timeoutMS, traceID)
	if code != engine.OK {
		return toC(code)
	}
	defer a.running.Done()
	handle, code := t.settle(t.run())
	if code != engine.OK {
		return toC(code)
	}
	return C.int(handle)
}

// newAttempt makes an attempt of the current app and writes its trace id. The
// attempt counts as running: the caller runs it, then calls running.Done.
func newAttempt(target string, mode, timeoutMS C.int, traceID *C.char) (*app, *attempt, engine.Code) {
	a, code := currentApp()
	if code != engine.OK {
		return nil, nil, code
	}
	to, err := a.engine.Resolve(target)
	if err != nil {
		return nil, nil, told(err)
	}
	t := &attempt{app: a, to: to, mode: engine.Mode(mode), trace: engine.NewTraceID()}
	t.context, t.cancel = context.WithTimeout(context.Background(), timeoutOf(t.mode, int(timeoutMS)))
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		t.cancel()
		return nil, nil, engine.ErrNotInitialized
	}
	a.attempts[t.trace] = t
	a.running.Add(1)
	if traceID != nil {
		giveText(traceID, C.THING_P2P_TRACE_ID_SIZE, t.trace)
	}
	return a, t, engine.OK
}

func breakConnect(traceID *C.char) C.int {
	a, code := currentApp()
	if code != engine.OK {
		return toC(code)
	}
	return toC(a.breakAttempt(C.GoString(traceID)))
}
