//go:build thingp2p_quic

package engine

import (
	"testing"
	"time"
)

// The path dies while its congestion window is full: QUIC as it is would not
// probe another until the old one answers.
func TestFallbackOfAnUpload(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		checkPath(t, app, device, PathDirect)
		upload := []flow{{from: app, to: device, channel: 1, part: 64 << 10, parts: 160}}
		p.during(t, upload, 200*time.Millisecond, func() { w.drop(between(p.appHome, p.deviceHome)) })
		checkPath(t, app, device, PathRelay)
	})
}
