package panics

import "sync"

// Group runs goroutines that belong to one owner, who waits for them.
type Group struct {
	Guard
	wg sync.WaitGroup
}

// Go runs f in a goroutine that Wait waits for.
func (g *Group) Go(f func()) { g.Start(g.Bind(f)) }

// Bind prepares f for Start. Who starts it often saves the allocations.
func (g *Group) Bind(f func()) func() {
	return func() {
		defer g.wg.Done()
		defer g.Recover()
		f()
	}
}

// Start runs what Bind returned in a goroutine that Wait waits for.
func (g *Group) Start(bound func()) {
	g.wg.Add(1)
	go bound()
}

// Wait returns once all have ended; timers, WhenDone and Guard.Go do not count.
func (g *Group) Wait() { g.wg.Wait() }
