package engine_test

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

func TestUnpairedAppIsOut(t *testing.T) {
	begin := time.Now()
	p := newPair(t, startServer(t).URL(), nil)
	app, device := p.connect(t)
	other := newPair(t, "", nil)
	pairings := p.device.Pairings()
	if len(pairings) != 1 || pairings[0].AppID != device.Peer().AppID || pairings[0].UID != "user" || pairings[0].Sessions != 1 {
		t.Fatalf("pairings: %+v", pairings)
	}
	if since := pairings[0].Since; since.Before(begin.Add(-time.Second)) || since.After(time.Now().Add(time.Second)) {
		t.Errorf("paired since %v", since)
	}
	if err := p.device.Unpair(other.device.ID()); err != engine.ErrInvalidID {
		t.Errorf("an app that is not paired: %v", err)
	}
	if err := p.device.Unpair(pairings[0].AppID); err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if _, err := app.Read(0, b[:], await.Limit); err != engine.ErrClosedRemote {
		t.Errorf("the app's session: %v", err)
	}
	if _, err := device.Read(0, b[:], await.Limit); err != engine.ErrClosedLocal {
		t.Errorf("the device's session: %v", err)
	}
	if left := p.device.Pairings(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	wantRefusal(t, p.app, p.device.ID(), await.Limit, engine.ErrAuth)
	wantSession(t, p, p.device.Ticket()) // which it still has
}

func TestOldTicketIsWorthless(t *testing.T) {
	server := startServer(t).URL()
	dir := t.TempDir()
	keep := func(_, device *engine.Config) { device.StateDir = dir }
	p := newPair(t, server, keep)
	old := p.device.Ticket()
	app, _ := p.connect(t)
	if err := p.device.ResetTicket(); err != nil {
		t.Fatal(err)
	}
	if err := app.Check(); err != nil {
		t.Errorf("a session: %v", err)
	}
	fresh := p.device.Ticket()
	stranger := pair{newPair(t, server, nil).app, p.device}
	wantRefusal(t, stranger.app, old, await.Limit, engine.ErrAuth)
	wantSession(t, p, p.device.ID()) // paired
	p.device.Close()

	again := newPair(t, server, keep)
	if again.device.Ticket() != fresh {
		t.Error("the ticket has changed again with a restart")
	}
	stranger.device = again.device
	wantRefusal(t, stranger.app, old, await.Limit, engine.ErrAuth)
	wantSession(t, stranger, fresh)
}
