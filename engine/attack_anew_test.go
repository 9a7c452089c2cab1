package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// lines is a log that counts.
type lines struct {
	mu   sync.Mutex
	with []byte
	n    int
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(line, l.with) {
		l.n++
	}
	return len(line), nil
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// A device, or two with one key, may change its credentials with each answer: an app makes new agents for it once a second.
func TestDeviceThatBeginsAnewAllTheTime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		const lasts = 3 * time.Second
		anew := &lines{with: []byte("begun anew")}
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
			app.Log = slog.New(slog.NewTextHandler(anew, &slog.HandlerOptions{Level: slog.LevelDebug}))
			app.Relay, device.Relay = RelayNever, RelayNever
		})
		w.drop(everything)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), lasts)
		defer cancel()
		var connecting sync.WaitGroup
		connecting.Go(func() { p.app.Connect(ctx, target, ConnectOptions{TraceID: "attempt"}) })
		for time.Since(begun) < lasts {
			w.must(p.device.signals.Send(signal.App, p.app.identity.ID, &signal.Message{
				Kind: signal.Answer, Attempt: "attempt", Ufrag: rand.Text(), Pwd: rand.Text(),
			}))
			time.Sleep(25 * time.Millisecond)
		}
		connecting.Wait()
		if n := anew.count(); n < 2 || n > int(lasts/time.Second)+1 {
			t.Errorf("the app has begun anew %d times in %v", n, lasts)
		}
	})
}
