//go:build thingp2p_quic

package engine

import (
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"
)

// TestSmallFramesThatHaveNotLeft, of which several fit into a packet, can still be seen, cleared and late, as large ones can.
func TestSmallFramesThatHaveNotLeft(t *testing.T) {
	const size, count = 200, 40
	for name, c := range map[string]struct {
		deadline time.Duration
		leave    func(t *testing.T, device *Session) (missing int) // at least
	}{
		"cleared": {0, func(t *testing.T, device *Session) int {
			bytes, age, err := device.Unsent(6)
			if bytes < size*count/10 || age < 900*time.Millisecond || err != nil {
				t.Errorf("%d bytes of %d wait, for %v, %v", bytes, size*count, age, err)
			}
			if cleared, err := device.Clear(6); cleared != bytes || err != nil {
				t.Errorf("%d bytes are cleared, %v", cleared, err)
			}
			return bytes / size
		}},
		"late": {500 * time.Millisecond, func(*testing.T, *Session) int { return count / 10 }},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(nil), w.home(nil), nil)
				app, device := p.connect(0)
				narrow := limiter{rate: 50_000}
				w.drop(narrow.drops)
				go func() {
					for buffer := make([]byte, 1<<20); app.Check() == nil; {
						app.Read(0, buffer, time.Second)
					}
				}()
				busy := make(chan struct{})
				go func() { // what is more urgent leaves nothing
					defer close(busy)
					for end := time.Now().Add(6 * time.Second); time.Now().Before(end); {
						device.Send(0, make([]byte, 1<<20), 100*time.Millisecond)
					}
				}()
				time.Sleep(4900 * time.Millisecond) // until it is known what the path takes
				for range count {
					if err := device.SendFrame(6, make([]byte, size), true, c.deadline); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Second - time.Millisecond)
				missing := c.leave(t, device)
				<-busy
				if bytes, _, err := device.Unsent(6); bytes > 0 || err != nil {
					t.Errorf("%d bytes still wait, %v", bytes, err)
				}
				if err := device.SendFrame(6, []byte("new"), true, 0); err != nil {
					t.Fatal(err)
				}
				for {
					f, err := app.ReadFrame(6, MaxFrame, time.Minute)
					if err != nil {
						t.Fatal(err)
					}
					if string(f.Bytes) == "new" {
						if f.Missing < uint64(missing) {
							t.Errorf("%d frames are missing, not %d", f.Missing, missing)
						}
						break
					}
				}
			})
		})
	}
}

// limiter lets so many bytes per second pass, and no more at a time than in 50 ms.
type limiter struct {
	rate float64

	mu     sync.Mutex
	at     time.Time
	tokens float64
}

func (l *limiter) drops(c vnet.Chunk) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.tokens = min(l.tokens+l.rate*now.Sub(l.at).Seconds(), l.rate/20)
	l.at = now
	if l.tokens < float64(len(c.UserData())) {
		return true
	}
	l.tokens -= float64(len(c.UserData()))
	return false
}
