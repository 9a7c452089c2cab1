package engine

import (
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
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

// A device looks for paths for a while, and begins anew when the app asks again, with other credentials: an app that has more
// time follows.
func TestAttemptOutlivesTheDevicesPatience(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const blocked = 4 * base.NegotiationTime
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
			app.Relay, device.Relay = RelayNever, RelayNever // two that are reached by TCP would carry it
		})
		start := time.Now()
		w.drop(func(c vnet.Chunk) bool {
			handshake := len(c.UserData()) > 0 && c.UserData()[0]>>7 == 1 // RFC 9000, section 17.2
			return handshake && time.Since(start) < blocked && (p.deviceHome.has(c) || p.appHome.has(c))
		})
		app, device := p.connect(2 * blocked)
		if took := time.Since(start); took < blocked || took > blocked+5*time.Second {
			t.Errorf("connected after %v", took)
		}
		w.must(exchange(app, device))
	})
}

// The same behind two NATs, where nothing passes at all for a while: by then the device's host has not answered as many
// checks as a host gets. A device that looks anew is checked anew.
func TestAttemptBehindNATsOutlivesTheDevicesPatience(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const blocked = 5 * base.NegotiationTime / 2
		p := w.pair(w.home(portRestricted), w.home(portRestricted), noRelays)
		start, direct := time.Now(), between(p.appHome, p.deviceHome)
		w.drop(func(c vnet.Chunk) bool { return time.Since(start) < blocked && direct(c) })
		app, device := p.connect(4 * blocked)
		if took := time.Since(start); took < blocked || took > blocked+2*base.NegotiationTime {
			t.Errorf("connected after %v", took)
		}
		w.must(exchange(app, device))
	})
}
