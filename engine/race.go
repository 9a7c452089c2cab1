package engine

import (
	"context"
	"net/netip"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

const (
	// dialStagger is how long a path may take to connect before the next one that
	// ICE has found is dialled beside it (as in RFC 8305).
	dialStagger = 250 * time.Millisecond

	// patience is how long the local network, and a known address, may take to
	// answer for a device that the server does not see.
	patience = 500 * time.Millisecond

	never = time.Duration(1<<63 - 1)
)

// race dials the paths that the three ways bring, until one works.
func (at *attempt) race(ctx context.Context) (dialed, error) {
	a := at.app
	dialing, stop := context.WithCancelCause(ctx)
	at.results = make(chan dialed)
	at.greeter = make(chan struct{}, 1)
	at.tried = make(map[netip.AddrPort]bool)
	won := false
	defer func() {
		stop(ErrConnectBreak)
		at.collect(won)
	}()

	lanDelay, serverDelay := at.delays()
	askLAN, askServer := time.NewTimer(lanDelay), time.NewTimer(serverDelay)
	stagger, giveUp := time.NewTimer(never), time.NewTimer(never)
	for _, timer := range []*time.Timer{askLAN, askServer, stagger, giveUp} {
		defer timer.Stop()
	}
	var online <-chan struct{} // closed when the server can be asked
	var status <-chan bool
	var found chan paths.Found
	var refused chan Code
	next := func() {
		if len(at.queue) > 0 {
			at.dial(dialing, at.queue[0])
			at.queue = at.queue[1:]
			stagger.Reset(dialStagger)
		}
	}
	for {
		if at.hopeless() {
			return dialed{}, ErrDeviceNotOnline
		}
		select {
		case <-askLAN.C:
			at.asked = true
			a.nearby.ask(dialing, at.to.deviceID, at.near)
			at.waitUntil = time.Now().Add(patience)
			giveUp.Reset(patience)
		case <-giveUp.C:
		case <-askServer.C:
			online = at.signals.Online()
		case <-online:
			online = nil
			var unwatch func()
			status, unwatch = at.signals.Watch(at.to.deviceID)
			defer unwatch()
			if err := at.startNegotiation(); err != nil {
				return dialed{}, err
			}
			found, refused = at.negotiation.Found, at.negotiation.Refused
		case p := <-at.near:
			if !at.tried[p.Remote] && len(at.tried) < maxNear {
				at.tried[p.Remote] = true
				at.dial(dialing, p)
				at.waitUntil = time.Now().Add(patience)
				giveUp.Reset(patience)
			}
		case p := <-found:
			if !p.Relayed() && !at.direct {
				// It is worth having even while a relay is being dialled.
				at.queue = append([]paths.Found{p}, at.queue...)
				next()
				continue
			}
			at.queue = append(at.queue, p)
			if at.inTurn == 0 {
				next()
			}
		case <-stagger.C:
			next()
		case r := <-at.results:
			if r.err == nil {
				at.running--
				won = true
				return r, nil
			}
			at.ended(r)
			if ctx.Err() != nil { // which is why the dial failed
				return dialed{}, at.interrupted(ctx)
			}
			if r.final() {
				return dialed{}, r.err
			}
			if !r.path.Straight {
				at.lastErr = r.err
				next()
			} else if code := CodeOf(r.err); code == ErrAuth || code == ErrHandshake {
				at.unfit = r.err
			}
		case on := <-status:
			at.offline = !on
			if at.offline && a.config.usesLAN() && askLAN.Stop() {
				askLAN.Reset(0)
			}
		case code := <-refused:
			if !code.Known() {
				code = ErrRemote
			}
			return dialed{}, code
		case <-ctx.Done():
			return dialed{}, at.interrupted(ctx)
		}
	}
}

// delays are how long to wait before the local network and the server are asked.
func (at *attempt) delays() (lan, server time.Duration) {
	if at.mode == ModeLAN {
		server = headStart
	} else {
		lan = headStart
	}
	if at.signals == nil {
		lan, server = 0, never
	}
	if !at.app.config.usesLAN() {
		lan = never
		if at.signals != nil {
			server = 0
		}
	}
	return lan, server
}

// hopeless reports that the server says that the device is offline, and the other
// ways have had their time.
func (at *attempt) hopeless() bool {
	if !at.offline || at.inTurn > 0 || len(at.greeter) > 0 || at.app.config.usesLAN() && !at.asked {
		return false
	}
	return !time.Now().Before(at.waitUntil)
}

// collect waits for the dials that lost, and gives back what they leave.
func (at *attempt) collect(won bool) {
	for at.running > 0 {
		loser := <-at.results
		if loser.carrier != nil {
			loser.carrier.close()
		}
		at.ended(loser)
	}
	if at.relay != nil {
		at.relay.Close()
	}
	if at.negotiation == nil {
		return
	}
	if !won {
		at.stopPunching()
	}
	// A session that a relay carries can still move to one of these.
	for _, p := range at.queue {
		if !p.Lane.AppRelayed {
			at.negotiation.Found <- p // has room for one of each lane
		}
	}
}
