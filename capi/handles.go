package main

import (
	"math"
	"sync"

	"github.com/thingp2p/libthingp2p/engine"
)

// handles is the table of everything that C holds a handle of.
var handles = table{entries: make(map[int32]entry)}

// table gives out handles: from 1 up, each only once in a process, so that a
// stale one never names a stranger.
type table struct {
	mu      sync.RWMutex
	last    int32
	entries map[int32]entry
	tidier  tidier
}

type entry struct {
	object any // *engine.Session, *device or *engine.Poller
	owner  *owner
}

// owner is what sessions belong to, the app or a device: its end is theirs.
type owner struct {
	closed bool // guarded by table.mu
}

// add returns object's handle, or a code: ErrClosedLocal if its owner has
// closed. owner may be nil.
func (t *table) add(object any, owner *owner) (int32, engine.Code) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if owner != nil && owner.closed {
		return 0, engine.ErrClosedLocal
	}
	if t.last == math.MaxInt32 {
		return 0, engine.ErrSessionLimit
	}
	t.last++
	t.entries[t.last] = entry{object, owner}
	t.tidier.changed(len(t.entries))
	return t.last, engine.OK
}

// find returns the object of a handle if it is a T.
func find[T any](t *table, handle int32) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	object, ok := t.entries[handle].object.(T)
	return object, ok
}

// all are the objects of a kind.
func all[T any](t *table) (found []T) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.entries {
		if object, ok := e.object.(T); ok {
			found = append(found, object)
		}
	}
	return found
}

// take is find, and the handle is gone: of several callers one gets the object.
func take[T any](t *table, handle int32) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	object, ok := t.entries[handle].object.(T)
	if ok {
		delete(t.entries, handle)
		t.tidier.changed(len(t.entries))
	}
	return object, ok
}

// forget gives up the memory of a table that has been large, and reports whether
// it is empty, but for pollers.
func (t *table) forget() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := make(map[int32]entry)
	for handle, e := range t.entries {
		if _, isPoller := e.object.(*engine.Poller); !isPoller {
			return false
		}
		left[handle] = e
	}
	t.entries = left
	return true
}

// closeOwner removes the handles of everything that belongs to owner, now and
// later.
func (t *table) closeOwner(owner *owner) {
	t.mu.Lock()
	defer t.mu.Unlock()
	owner.closed = true
	for handle, e := range t.entries {
		if e.owner == owner {
			e.object.(*engine.Session).Unwatch()
			delete(t.entries, handle)
			t.tidier.changed(len(t.entries))
		}
	}
}
