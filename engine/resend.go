package engine

import (
	"errors"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
)

// ResendOffer makes the attempts that are under way to a device ask it again now: it is
// for whoever knows that the device has just woken. The error is ErrInvalidParameter if
// there are none.
func (a *App) ResendOffer(to *Target) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	any := false
	for at := range a.attempts {
		if at.to.deviceID != to.deviceID {
			continue
		}
		any = true
		select {
		case at.again <- struct{}{}:
		default: // it is about to
		}
	}
	if !any {
		return codes.Because(ErrInvalidParameter, errors.New("no attempt to connect to this device is under way"))
	}
	return nil
}

// askAgain asks the device through the server, and in the local network, without a wait.
func (at *attempt) askAgain() {
	if at.app.config.usesLAN() && at.askLAN.Stop() {
		at.askLAN.Reset(0)
	}
	switch {
	case at.negotiation != nil:
		at.negotiation.Repeat()
	case at.signals == nil:
	case at.askServer.Stop():
		at.askServer.Reset(0)
	default:
		at.signals.Online() // which ends a wait before the next dial
	}
}

// DeviceID is the id of the device.
func (t *Target) DeviceID() string { return t.deviceID }
