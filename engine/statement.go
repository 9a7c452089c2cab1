package engine

import (
	"crypto/hmac"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/state"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// A server may give relays, which cost its operator, only to devices that he knows
// and to their apps. An app shows that it is one by what the device states about it
// (ident.Statement). The device tells it with
//
//	the answer   to the offer of an app that is paired or proves the ticket: a first
//	             connect can use a relay, after one more login
//	the verdict  to such an app: in the local network, too, and for the next time
//
// and the app keeps it, and shows it in its logins at the device's server only.

// speakFor states that an app belongs to the device, if a server could ask.
func (d *Device) speakFor(appID string) string {
	if d.config.Server == "" {
		return ""
	}
	return ident.NewStatement(d.identity.ID, appID, time.Now(), d.identity.Sign)
}

// answerTo returns the statement that goes with the answer to an offer: none for a
// stranger, about whom an authorizer has yet to be asked.
func (d *Device) answerTo(offer *signal.Message) string {
	proven := func(secret [names.SecretSize]byte) bool {
		return hmac.Equal(offer.Proof, names.ProveOffer(secret, offer.From, d.identity.ID, offer.Attempt))
	}
	if d.state.Now().RightOf(offer.From, proven) == state.NoRight {
		return ""
	}
	return d.speakFor(offer.From)
}

// belongs takes down what a device has stated about this app, if anything, and
// shows it to a server that wants to know.
func (a *App) belongs(to *Target, text string) {
	s, err := ident.ParseStatement(text)
	if err != nil || s.Device != to.deviceID || s.CheckSignature(a.identity.ID) != nil || to.server == "" {
		return
	}
	a.workers.Go(func() {
		kept := state.Statement{Server: names.WithoutPassword(to.server), Text: text, At: time.Now().UTC().Truncate(time.Second)}
		if err := a.state.KeepStatement(to.deviceID, kept); err != nil {
			a.log.Warn("what the device states about this app is not kept: servers may give it no relays", "error", err)
			return
		}
		if client, err := a.signals(to.server); err == nil {
			client.ShowMore()
		}
	})
}
