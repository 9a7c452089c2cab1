package hosts

import (
	"context"
	"errors"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/patience"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// First makes attempts in their order, each once the one before has failed or has had its head
// start, and returns what the first good one brings, when all have ended. The others are
// cancelled; drop gets what they bring all the same.
func First[T any](ctx context.Context, guard panics.Guard, headStart time.Duration, attempts []func(context.Context) (T, error), drop func(T)) (first T, err error) {
	type result struct {
		value T
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result)
	running := 0
	launch := func() {
		attempt := attempts[0]
		attempts = attempts[1:]
		running++
		guard.Go(func() {
			r := result{err: errFault}
			defer func() { results <- r }() // in any case
			r.value, r.err = attempt(ctx)
		})
	}
	if len(attempts) > 0 {
		launch()
	}
	won := false
	var failures []error
	timer := patience.NewTimer(guard)
	timer.Reset(headStart)
	defer timer.Stop()
	for running > 0 {
		more := len(attempts) > 0 && !won && ctx.Err() == nil
		select {
		case <-timer.C:
			if more {
				launch()
				timer.Reset(headStart)
			}
		case r := <-results:
			running--
			switch {
			case r.err != nil:
				failures = append(failures, r.err)
				if more {
					launch()
				}
			case won:
				drop(r.value)
			default:
				first, won = r.value, true
				cancel()
			}
		}
	}
	if !won {
		return first, errors.Join(failures...)
	}
	return first, nil
}

var errFault = errors.New("a fault in the library: the log has the details")
