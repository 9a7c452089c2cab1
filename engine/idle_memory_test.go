//go:build thingp2p_quic && !race

package engine_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// What stays of an idle session, at both of its ends together. What the system
// sees is more: the heap has holes.
func TestIdleSessionIsSmall(t *testing.T) {
	const (
		sessions = 100
		most     = 100 << 10 // bytes
	)
	p := newPair(t, startServer(t).URL(), func(_, device *engine.Config) { device.MaxSessionsPerApp = 2 * sessions })
	p.connect(t) // what exists once
	before := inUse()
	for range sessions {
		_, device := p.connect(t)
		device.Read(0, make([]byte, 1), 0) // it now listens for commands
	}
	var each int
	await.Until(t, fmt.Sprintf("a session takes at most %d bytes", most), func() bool {
		each = (inUse() - before) / sessions
		return each <= most
	})
	t.Logf("%d bytes", each)
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
