package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// interrupted says why an attempt got no further before its context ended.
func (at *attempt) interrupted() error {
	switch {
	case context.Cause(at.ctx) == error(ErrConnectBreak):
		return ErrConnectBreak // the app, not the caller
	case at.ctx.Err() == context.Canceled:
		return fmt.Errorf("%w: %w", ErrConnectBreak, at.ctx.Err())
	}
	return fmt.Errorf("%w: %w", at.lacked(), at.ctx.Err())
}

// lacked is what was missing when the time was up.
func (at *attempt) lacked() error {
	if at.full != nil {
		return at.full
	}
	if at.greeted.Load() {
		return codes.Because(ErrTimeout, errors.New("the device was reached and did not decide"))
	}
	if at.signals == nil && at.unfit != nil {
		return at.unfit
	}
	if at.signals == nil {
		return codes.Because(ErrTimeout, errors.New("nobody in the local network answered for the device, and there is no server to ask"))
	}
	if at.negotiation == nil {
		return codes.Because(ErrSignaling, at.signals.Err())
	}
	select {
	case <-at.negotiation.Heard:
	default:
		if err := at.signals.Err(); err != nil {
			return codes.Because(ErrSignaling, err)
		}
		if !at.seen && time.Since(at.offered) > nearPatience {
			return codes.Because(ErrDeviceNotOnline, errors.New("the server has not seen the device: if that runs, its log says whether it may log in"))
		}
		return ErrNoAnswer
	}
	if at.lastErr == nil && !at.negotiation.RelaySeen.Load() {
		if servers, _ := at.signals.ICE(); servers.Unknown {
			return codes.Because(ErrNoRelay, errors.New("the server gives relays to devices that it knows, and to their apps: give the device's id to whoever runs it"))
		}
		return ErrNoRelay
	}
	return codes.Because(ErrTimeout, at.lastErr)
}
