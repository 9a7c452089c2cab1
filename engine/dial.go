package engine

import (
	"context"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
)

// dialed is the result of dialling one path.
type dialed struct {
	path    paths.Found
	carrier *carrier
	relay   *base.Relay // left over from a dial that failed
	control channel.Stream
	err     error
	verdict bool // err is what the device said
}

// final reports whether a failure is one of the whole attempt: a path that did
// not answer says nothing of the device, nor does who sits at an address that
// once was the device's. That a device has no room now is not its last word.
func (d *dialed) final() bool {
	if d.path.Straight || d.verdict {
		return d.verdict
	}
	return !d.mayPass()
}

// mayPass reports whether the same path may be luckier later.
func (d *dialed) mayPass() bool {
	code := CodeOf(d.err)
	return code == ErrTimeout || code == ErrDeviceFull && !d.verdict
}

// dial connects along a path in the background, if the relay that it may need is free.
func (at *attempt) dial(p paths.Found) (begun bool) {
	var r *base.Relay
	if p.Lane.AppRelayed {
		if r = at.negotiation.TakeRelay(); r == nil {
			return false
		}
	}
	at.running++
	at.journal.Dial(keyOf(p), p.Near)
	if !p.Straight {
		at.inTurn++
		at.direct = at.direct || !p.Relayed()
	}
	at.app.workers.Go(func() {
		result := dialed{path: p, carrier: newCarrier(at.app.endpoint, p), err: ErrInternal}
		defer func() {
			if result.err != nil {
				result.relay = result.carrier.takeRelay()
				result.carrier.close()
				result.carrier = nil
			}
			at.results <- result
		}()
		err := result.carrier.connect(at.dialing, p, r, at.to.deviceID)
		if err == nil {
			if !p.Straight {
				at.negotiation.Reached()
			}
			err = at.greet(at.dialing, &result)
		}
		result.err = err
	})
	return true
}

// ended takes a dial's end down: a path that did not answer may be dialled again,
// one that ICE has found in its turn, with its relay, and another when it is
// found again.
func (at *attempt) ended(d dialed) {
	at.running--
	if d.err != nil && at.dialing.Err() == nil { // which would be the reason
		at.journal.FailDial(keyOf(d.path), whyNot(d.err))
	}
	if d.path.Straight {
		at.straight.end(d.path.Remote, d.mayPass())
		return
	}
	at.inTurn--
	if d.path.Pass == at.pass {
		at.queue = append(at.queue, d.path)
	}
	if d.relay != nil {
		at.negotiation.GiveBack(d.relay)
	}
}

// greet asks the device for a session. When several paths have connected, only
// the first does: the device would make a session of each, and ask its user. Its
// verdict is for all.
func (at *attempt) greet(ctx context.Context, d *dialed) error {
	select {
	case at.greeter <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	at.greeted.Store(true)
	var err error
	ask := d.carrier.greet
	if at.parks {
		ask = d.carrier.park
	}
	d.control, d.verdict, err = ask(ctx, at.hello(), at.to.secret)
	if err != nil && !d.verdict {
		<-at.greeter // the next one may
	}
	return err
}

func (at *attempt) hello() hello {
	return hello{UID: at.app.config.UID, Trace: at.traceID, MLKEM: true}
}
