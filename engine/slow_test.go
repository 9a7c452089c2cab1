package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

func TestSlowAuthorizerIsAskedOnce(t *testing.T) {
	p := newPair(t, startServer(t).URL(), nil)
	var asked atomic.Int32
	p.device.SetAuthorizer(func(engine.Peer) engine.Code {
		asked.Add(1)
		time.Sleep(600 * time.Millisecond)
		return engine.OK
	})
	app, device := p.connect(t)
	transfer(t, app, device, 0, 1000)
	transfer(t, device, app, 0, 1000)
	if _, err := p.device.Accept(200 * time.Millisecond); err != engine.ErrTimeout {
		t.Errorf("another session: %v", err)
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}
