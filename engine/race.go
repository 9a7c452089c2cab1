package engine

import (
	"context"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/internal/patience"
)

const (
	// dialStagger is how long a path may take to connect before the next one that
	// ICE has found is dialled beside it (as in RFC 8305).
	dialStagger = 250 * time.Millisecond

	// nearPatience is how long the local network, and a known address, may take to
	// answer for a device that the server does not see.
	nearPatience = 500 * time.Millisecond

	never = time.Duration(1<<63 - 1)
)

// race tries what the three ways bring, until one path works. What was tried beside it
// is given back in the background.
func (at *attempt) race() (won dialed, err error) {
	at.dialing, at.stop = context.WithCancelCause(at.ctx)
	at.results = make(chan dialed)
	at.greeter = make(chan struct{}, 1)
	at.straight = newStraight()
	lanDelay, serverDelay := at.delays()
	at.askLAN, at.askServer = time.NewTimer(lanDelay), time.NewTimer(serverDelay)
	at.stagger, at.giveUp = patience.NewTimer(at.app.workers.Guard), time.NewTimer(never)
	over := false
	defer func() { at.end(over && err == nil) }()
	for _, address := range at.known {
		at.tryStraight(paths.Found{Remote: address, Straight: true}, &at.straight.remembered)
	}
	for !over {
		won, over, err = at.next()
	}
	return won, err
}

// next waits until something happens, and reports whether that has decided the race.
func (at *attempt) next() (won dialed, over bool, err error) {
	if at.hopeless() {
		return won, true, ErrDeviceNotOnline
	}
	select {
	case <-at.askLAN.C:
		at.asked = true
		at.journal.AskLAN()
		at.app.nearby.ask(at.dialing, at.to.deviceID, at.near)
		at.bePatient()
	case <-at.askServer.C:
		at.online = at.signals.Online()
	case <-at.online:
		at.journal.SawServer()
		err = at.startNegotiation()
	case <-at.again:
		at.askAgain()
	case p := <-at.near:
		at.tryStraight(p, &at.straight.heard)
	case p := <-at.found:
		at.enqueue(p)
	case <-at.stagger.C:
		at.dialNext()
	case <-at.giveUp.C: // hopeless?
	case on := <-at.status:
		at.hearStatus(on)
	case code := <-at.refused:
		if !code.Known() {
			code = ErrRemote
		}
		at.said, at.offers = code != ErrInternal, true // that one is of this side, as a rule
		err = code
	case d := <-at.results:
		if d.err == nil {
			at.running--
			at.journal.Win(keyOf(d.path))
			return d, true, nil
		}
		err = at.lose(d)
	case <-at.ctx.Done():
		err = at.interrupted()
	}
	return won, err != nil, err
}

// bePatient gives the local network, or a known address, its time to answer.
func (at *attempt) bePatient() {
	at.waitUntil = time.Now().Add(nearPatience)
	at.giveUp.Reset(nearPatience)
}

// tryStraight dials an address that did not come from ICE.
func (at *attempt) tryStraight(p paths.Found, in *places) {
	if at.straight.begin(p, in) {
		at.dial(p)
		at.bePatient()
	}
}

// enqueue takes a path that ICE has found. The first direct one is worth having even
// while a relay is being dialled; others wait for their turn.
func (at *attempt) enqueue(p paths.Found) {
	if at.pass != p.Pass { // the device has begun anew, and does not know what opens the others
		at.pass, at.direct = p.Pass, false
		at.queue = slices.DeleteFunc(at.queue, func(other paths.Found) bool { return other.Pass != p.Pass })
	}
	if !p.Relayed() && !at.direct {
		at.queue = append([]paths.Found{p}, at.queue...)
		at.dialNext()
		return
	}
	at.queue = append(at.queue, p)
	if at.inTurn == 0 || at.due {
		at.dialNext()
	}
}

// dialNext dials the first path that can be: the own relay carries one dial at a time.
func (at *attempt) dialNext() {
	for i, p := range at.queue {
		if at.dial(p) {
			at.queue = slices.Delete(at.queue, i, i+1)
			at.due = false
			at.stagger.Reset(dialStagger)
			return
		}
	}
	at.due = true
}

// hearStatus takes down whether the server sees the device. If it does not, the local
// network is asked at once.
func (at *attempt) hearStatus(on bool) {
	at.offline, at.seen = !on, true
	if at.offline && at.app.config.usesLAN() && at.askLAN.Stop() {
		at.askLAN.Reset(0)
	}
}

// lose takes down a dial that failed, and returns what ends the race with it, if
// anything does.
func (at *attempt) lose(d dialed) error {
	at.ended(d)
	if at.full = nil; CodeOf(d.err) == ErrDeviceFull {
		at.full = d.err
	}
	switch {
	case at.ctx.Err() != nil: // which is why the dial failed
		return at.interrupted()
	case d.final():
		at.said = d.verdict
		return d.err
	case d.path.Straight:
		if p, ok := at.straight.next(); ok {
			at.dial(p)
			at.bePatient()
		}
		if code := CodeOf(d.err); code == ErrAuth || code == ErrHandshake {
			at.unfit = d.err
		}
	default:
		at.lastErr = d.err
		if at.due { // what fails at once is not dialled again at once
			at.dialNext()
		}
	}
	return nil
}

// startNegotiation begins to look for paths with the device through the server.
func (at *attempt) startNegotiation() error {
	a := at.app
	at.online, at.offered = nil, time.Now()
	at.status, at.unwatch = at.signals.Watch(at.to.deviceID)
	terms := paths.Terms{
		ID:      at.traceID,
		PeerID:  at.to.deviceID,
		Policy:  a.config.Relay,
		OwnKey:  a.identity.MLKEMKey,
		Belongs: func(statement string) { a.belongs(at.to, statement) },
		Journal: at.journal,
	}
	if at.to.secret != nil {
		terms.Proof = names.ProveOffer(*at.to.secret, a.identity.ID, at.to.deviceID, at.traceID)
	}
	n := paths.NewNegotiation(&a.ground, at.signals, terms)
	punching, stop := context.WithCancel(a.ctx)
	if err := a.negotiations.add(n, stop, nil); err != nil {
		stop()
		return err
	}
	at.negotiation, at.stopPunching, at.found, at.refused = n, stop, n.Found, n.Refused
	a.workers.Go(func() { a.negotiations.run(punching, n) })
	return nil
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
	if !at.offline || at.inTurn > 0 || len(at.queue) > 0 || len(at.greeter) > 0 || at.app.config.usesLAN() && !at.asked {
		return false
	}
	return !time.Now().Before(at.waitUntil)
}

// end gives back all but what has won.
func (at *attempt) end(won bool) {
	at.stop(ErrConnectBreak)
	for _, timer := range []*time.Timer{at.askLAN, at.askServer, at.giveUp} {
		timer.Stop()
	}
	at.stagger.Stop()
	if at.unwatch != nil {
		at.unwatch()
	}
	if at.negotiation != nil && !won {
		at.stopPunching()
	}
	at.app.workers.Go(at.collect)
}

// collect waits for the dials that have lost.
func (at *attempt) collect() {
	for at.running > 0 {
		loser := <-at.results
		if loser.carrier != nil {
			loser.carrier.close()
		}
		at.ended(loser)
	}
	// A session that a relay carries can still move to one of these.
	for _, p := range at.queue {
		if !p.Lane.AppRelayed {
			at.negotiation.Tell(p)
		}
	}
}
