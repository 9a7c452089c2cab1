package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

// largerThan tells packets with more than so many bytes, IPv4's and UDP's headers
// included.
func largerThan(mtu int) func(vnet.Chunk) bool {
	return func(c vnet.Chunk) bool { return len(c.UserData())+28 > mtu }
}

// A path that drops what is too large for it, and does not say so, is one like others.
func TestSmallPathsConnect(t *testing.T) {
	for _, mtu := range []int{1228, 1280, 1300, 1400, 1500} {
		for _, kinds := range [][2]*nat{{portRestricted, portRestricted}, {symmetric, symmetric}} {
			if mtu < 1280 && kinds[0] == symmetric {
				continue // a relay adds up to 36 bytes (RFC 8656, section 12)
			}
			t.Run(fmt.Sprintf("%d, %v to %v", mtu, kinds[0], kinds[1]), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(kinds[0]), w.home(kinds[1]), nil)
					w.drop(largerThan(mtu))
					start := time.Now()
					app, device := p.connect(0)
					if took := time.Since(start); took > relayBound {
						t.Errorf("connected after %v", took)
					}
					w.must(exchange(app, device))
				})
			})
		}
	}
}
