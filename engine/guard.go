package engine

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// group runs goroutines that belong to one owner. A panic in one of them is a
// fault of ours and must not end the host program: it is logged, and failed is
// called.
type group struct {
	log    *slog.Logger
	failed func() // may be nil
	wg     sync.WaitGroup
}

func (g *group) Go(f func()) { g.start(g.bind(f)) }

// bind prepares f for start. Who starts it often saves the allocations.
func (g *group) bind(f func()) func() {
	return func() {
		defer g.wg.Done()
		defer guard(g.log, g.failed)
		f()
	}
}

func (g *group) start(bound func()) {
	g.wg.Add(1)
	go bound()
}

// Wait returns once all have ended.
func (g *group) Wait() { g.wg.Wait() }

// guard is deferred at the entry of a goroutine or a timer's function.
func guard(log *slog.Logger, failed func()) {
	if v := recover(); v != nil {
		log.Error("a fault in the library", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
		if failed != nil {
			failed()
		}
	}
}
