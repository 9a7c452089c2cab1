//go:build thingp2p_quic && !race

package engine_test

import (
	"runtime"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestWatchingCostsLittle: no goroutine, and at most 200 bytes for a channel.
func TestWatchingCostsLittle(t *testing.T) {
	const sessions = 50
	p := newPair(t, startServer(t).URL(), func(_, device *engine.Config) { device.MaxSessionsPerApp = 2 * sessions })
	var all []*engine.Session
	for range sessions {
		app, device := p.connect(t)
		for channel := range engine.Channels { // so that its streams are there
			for _, way := range [][2]*engine.Session{{app, device}, {device, app}} {
				if _, err := way[0].Send(channel, []byte("x"), -1); err != nil {
					t.Fatal(err)
				}
				if _, err := way[1].Read(channel, make([]byte, 1), await.Limit); err != nil {
					t.Fatal(err)
				}
			}
		}
		all = append(all, app, device)
	}
	var pollers [10]*engine.Poller // so that it can be measured
	for i := range pollers {
		pollers[i] = newPoller(t)
	}
	goroutines := runtime.NumGoroutine()
	before := inUse()
	for _, poller := range pollers {
		for i, session := range all {
			mustWatch(t, poller, session, int32(i), engine.EventReadable|engine.EventClosed)
		}
		if e := now(t, poller); len(e) > 0 {
			t.Fatalf("told %v", e)
		}
	}
	await.Until(t, "there are not more goroutines", func() bool { return runtime.NumGoroutine() <= goroutines })
	each := 0 // session, of which one channel may be all that is watched
	await.Until(t, "a watched session costs at most 200 bytes", func() bool {
		each = (inUse() - before) / (len(all) * len(pollers))
		return each <= 200
	})
	t.Logf("%d bytes a session", each)
	runtime.KeepAlive(all)
}
