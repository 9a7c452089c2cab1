package engine

import (
	"sync/atomic"
	"testing"
)

// TestCredentialsOfASecretThatIsNoMore: endpoints that read their credentials before the server had
// another secret, and were not told, get a relay about as soon as others.
func TestCredentialsOfASecretThatIsNoMore(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var changed atomic.Bool
		w.must(w.broker.PublishICE(func(string) []byte {
			if changed.Load() {
				return w.servers(turnSecret)
			}
			return w.servers("the secret before")
		}))
		p := w.pair(w.home(symmetric), w.home(symmetric), nil)
		changed.Store(true)
		app, device := p.connect(0)
		w.must(exchange(app, device))
		checkPath(t, app, device, PathRelay)
		t.Logf("connected after %v", app.about.connectTime)
		// A refusal, and a question to the server, are three round trips to it.
		if took, most := app.about.connectTime, relayBound+10*2*access; took > most {
			t.Errorf("connected after %v, want %v at most", took, most)
		}
	})
}
