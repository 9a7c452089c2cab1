package engine

import (
	"context"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// TestResendOffer: an attempt asks at once when it is told to, and not only at its next
// turn; and there has to be one.
func TestResendOffer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := &liar{world: w}
		p := w.pair(w.home(portRestricted), w.home(portRestricted), func(app, device *Config) { app.dialServer, device.dialServer = l.dial, l.dial })
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		if err := p.app.ResendOffer(target); CodeOf(err) != ErrInvalidParameter {
			t.Errorf("without an attempt: %v", err)
		}
		l.say(onMessages(func(*victim, *packets.PublishPacket) lies { return nil })) // the device sleeps
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() {
			_, err := p.app.Connect(ctx, target, ConnectOptions{})
			ended <- err
		}()
		time.Sleep(5 * time.Second) // by now one offer a second
		for first := l.count(); l.count() == first; {
			time.Sleep(10 * time.Millisecond)
		}
		before := l.count()
		for range 3 {
			w.must(p.app.ResendOffer(target))
			time.Sleep(100 * time.Millisecond)
		}
		if got := l.count() - before; got != 3 {
			t.Errorf("%d offers, want 3", got)
		}
		l.say(nil) // it is awake
		w.must(p.app.ResendOffer(target))
		if _, err := p.device.Accept(500 * time.Millisecond); err != nil {
			t.Errorf("the device that has woken: %v", err)
		}
		w.must(<-ended)
		cancel()
		if err := p.app.ResendOffer(target); CodeOf(err) != ErrInvalidParameter {
			t.Errorf("after the attempt: %v", err)
		}
	})
}
