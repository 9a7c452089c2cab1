package engine

import (
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

// A firewall before the device lets STUN pass, and no QUIC: ICE finds paths that are of no
// use. The device gets a relay of its own, though it can use UDP.
func TestQUICIsBlockedAtTheDevice(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		w.drop(func(c vnet.Chunk) bool {
			handshake := len(c.UserData()) > 0 && c.UserData()[0]>>7 == 1 // RFC 9000, section 17.2
			return handshake && p.deviceHome.has(c)
		})
		start := time.Now()
		app, device := p.connect(0)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("connected after %v", took)
		}
		checkPath(t, app, device, PathRelay)
		w.must(exchange(app, device))
	})
}
