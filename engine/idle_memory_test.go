//go:build thingp2p_quic && !race

package engine_test

import (
	"runtime"
	"testing"
	"time"
)

// What stays of an idle session, at both of its ends together. What the system
// sees is more: the heap has holes.
func TestIdleSessionIsSmall(t *testing.T) {
	const (
		sessions = 100
		most     = 100 << 10 // bytes
	)
	p := newPair(t, startServer(t).URL(), nil)
	p.connect(t) // what exists once
	before := inUse()
	for range sessions {
		_, device := p.connect(t)
		device.Read(0, make([]byte, 1), 0) // it now listens for commands
	}
	if each := (inUse() - before) / sessions; each > most {
		t.Errorf("%d bytes, want %d at most", each, most)
	}
	runtime.KeepAlive(p)
}

// inUse is what objects and stacks take, once connects have left nothing behind.
func inUse() int {
	var m runtime.MemStats
	least := 0
	for range 10 {
		runtime.GC() // each halves stacks that have become too large
		runtime.ReadMemStats(&m)
		if now := int(m.HeapAlloc + m.StackInuse); least == 0 || now < least {
			least = now
		}
		time.Sleep(20 * time.Millisecond)
	}
	return least
}
