package engine

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

// When hundreds of paths seem dead at once, a few are repaired at a time, and those that work again
// meanwhile are left alone.
func TestRepairsTakeTurns(t *testing.T) {
	const sessions, heals = 300, 100
	bubble.Run(t, func(t *testing.T) {
		all := make(repairs, maxRepairs)
		var at, most, done, spared atomic.Int64
		for i := range sessions {
			var answered atomic.Uint64
			if i < heals {
				time.AfterFunc(2*lookInterval, func() { answered.Add(1) })
			}
			go func() {
				if !all.begin(context.Background(), answered.Load, 0) {
					spared.Add(1)
					return
				}
				defer all.end()
				most.Store(max(most.Load(), at.Add(1)))
				time.Sleep(3 * lookInterval)
				at.Add(-1)
				done.Add(1)
			}()
			synctest.Wait() // in this order
		}
		time.Sleep(time.Hour)
		if most.Load() != maxRepairs || done.Load() != sessions-heals+maxRepairs || spared.Load() != heals-maxRepairs {
			t.Errorf("%d at once, %d repaired, %d left alone", most.Load(), done.Load(), spared.Load())
		}
	})
}

// Who has not waited repairs, whatever was answered in that moment: it may have been the path that the packets have
// just left.
func TestARepairThatNeedNotWait(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		all := make(repairs, 1)
		if !all.begin(context.Background(), func() uint64 { return 2 }, 1) {
			t.Error("no repair")
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if all.begin(ctx, func() uint64 { return 1 }, 1) {
			t.Error("more than one at once")
		}
		all.end()
	})
}
