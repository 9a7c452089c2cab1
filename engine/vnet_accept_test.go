package engine

import (
	"testing"
	"time"
)

// TestDeadSessionsMakeRoom: sessions that nobody accepted, and that have ended,
// keep no app out, and who lives is accepted before them.
func TestDeadSessionsMakeRoom(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const backlog = 4
		p := w.pair(w.home(public), w.home(public), func(_, device *Config) { device.AcceptBacklog = backlog })
		connect := func() *Session {
			s, err := p.connectAs(p.app, p.device.Ticket(), 5*time.Second)
			w.must(err)
			return s
		}
		for n := range 2 * backlog {
			s := connect()
			_, err := s.Send(0, []byte{byte(n)}, time.Second)
			w.must(err)
			s.Close()
		}
		live := connect()
		device, err := p.device.Accept(time.Second)
		w.must(err)
		w.must(exchange(live, device))
		// What the latest dead ones have left can still be read.
		for n := backlog + 1; n < 2*backlog; n++ {
			dead, err := p.device.Accept(0)
			w.must(err)
			var b [10]byte
			if got, err := dead.Read(0, b[:], time.Second); err != nil || got != 1 || b[0] != byte(n) {
				t.Errorf("%d: read %x, %v", n, b[:got], err)
			}
			dead.Close()
		}
		if _, err := p.device.Accept(0); err != ErrTimeout {
			t.Errorf("one more: %v", err)
		}
	})
}
