package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// The Go runtime in the library serves the library alone, so that how it uses
// memory is ours to say: a gateway has little, and holds many sessions.
const (
	// settleTime is how long no session must have come or gone before what they
	// left behind is given back.
	settleTime = 3 * time.Second

	// worthwhile is the part of all sessions that must have changed for that:
	// to collect all memory costs time in proportion to their number.
	worthwhile = 16
)

// garbagePercent is how much the heap may grow between two collections. What
// stays of a new session lies scattered among the garbage of its handshake, and
// keeps its pages; so less is better with many sessions. With few, the heap is
// small, and speed is better.
func garbagePercent(sessions int) int {
	switch {
	case sessions >= 512:
		return 25
	case sessions >= 256:
		return 50
	}
	return 100
}

// tidier makes the runtime fit the number of sessions, and gives memory back to
// the system once sessions have come or gone. Its timer does not run otherwise.
type tidier struct {
	mu      sync.Mutex
	timer   *time.Timer
	changes int
	percent int

	setting sync.Mutex
}

// changed tells of a session that came or went; there are so many now.
func (t *tidier) changed(sessions int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if percent := garbagePercent(sessions); percent != t.percent {
		t.percent = percent
		guarded.Go(t.set) // it may have to wait for a collection
	}
	if t.changes++; t.changes < sessions/worthwhile {
		return
	}
	if t.timer == nil {
		t.timer = guarded.After(settleTime, t.tidy)
	} else {
		t.timer.Reset(settleTime)
	}
}

func (t *tidier) set() {
	t.setting.Lock()
	defer t.setting.Unlock()
	debug.SetGCPercent(t.wanted())
}

func (t *tidier) wanted() (percent int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.percent
}

func (t *tidier) tidy() {
	t.mu.Lock()
	t.changes = 0
	t.mu.Unlock()
	debug.FreeOSMemory()
}

// giveBack is called when the app or a device has ended. If that was the last,
// the program is to have no less memory than before the first.
func giveBack() {
	if _, code := currentApp(); code == engine.OK || !handles.forget() {
		return
	}
	runtime.GC() // what lies in pools survives one collection
	debug.FreeOSMemory()
}
