// Package bubble runs tests in fake time.
package bubble

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/waitlist"
)

// Run runs a test in fake time.
func Run(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		// What one bubble leaves in the pool is of no use in another, nor outside.
		waitlist.Renew()
		t.Cleanup(waitlist.Renew) // the last one: others still use it
		test(t)
	})
}

// Took reports how long f took.
func Took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
