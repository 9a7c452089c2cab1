package engine

import (
	"context"
	"time"
)

// repairs bound how many sessions of an endpoint do something about a lost path at once. On a
// machine that is too busy to answer in time all paths look dead, and what hundreds of sessions did
// about it would keep it busy until they end.
type repairs chan struct{}

const maxRepairs = 8

// begin waits for a turn, and reports whether it has one and still needs it: before is how many
// packets had been answered when the path was lost. A turn is to be given back.
func (r repairs) begin(ctx context.Context, answered func() uint64, before uint64) bool {
	asked := time.Now()
	select {
	case r <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if time.Since(asked) > lookInterval && answered() != before {
		r.end() // it was this machine that had no time, or the network has come back
		return false
	}
	return true
}

func (r repairs) end() { <-r }
