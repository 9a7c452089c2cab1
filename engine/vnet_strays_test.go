package engine

import (
	"context"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

// TestServersOfTicketsAreLeft when nobody has needed them for a while: those of a ticket that was tried once, and of a session that
// has ended; not the app's own, those of its devices, and those of sessions.
func TestServersOfTicketsAreLeft(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(public), w.home(public), nil)
		ticket := func(server string) string {
			t.Helper()
			parsed, err := names.ParseTicket(p.device.Ticket())
			w.must(err)
			parsed.Server = server
			return parsed.String()
		}
		const tried, added, inSession = "mqtt://tried.test:1883", "mqtt://added.test:1883", "mqtt://session.test:1883"
		connect := func(server string) *Session {
			t.Helper()
			to, err := p.app.Resolve(ticket(server))
			w.must(err)
			s, err := p.app.Connect(context.Background(), to, ConnectOptions{})
			w.must(err)
			return s
		}
		want := func(when string, servers ...string) {
			t.Helper()
			p.app.mu.Lock()
			defer p.app.mu.Unlock()
			for _, server := range servers {
				if p.app.servers[server] == nil {
					t.Errorf("%s: %q has been left", when, server)
				}
			}
			if len(p.app.servers) != len(servers) {
				t.Errorf("%s: there are %d servers, not %d", when, len(p.app.servers), len(servers))
			}
		}
		own := p.app.config.Server
		connect(tried).Close()
		w.must(p.app.AddDevice("device", ticket(added)))
		s := connect(inSession)
		time.Sleep(strayTime - time.Minute)
		want("before", own, tried, added, inSession)
		time.Sleep(2 * strayTime)
		want("a while later", own, added, inSession)
		s.Close()
		time.Sleep(3 * strayTime)
		want("after the session", own, added)
	})
}
