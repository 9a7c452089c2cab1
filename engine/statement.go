package engine

import (
	"crypto/hmac"
	"maps"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
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

// deviceStatement is one that an app keeps.
type deviceStatement struct {
	Server string    `json:"server"` // the device's
	Text   string    `json:"text"`
	At     time.Time `json:"at"` // when it came
}

// until is by the device's clock; zero for a text that this library cannot read.
func (s deviceStatement) until() time.Time {
	parsed, err := ident.ParseStatement(s.Text)
	if err != nil {
		return time.Time{}
	}
	return parsed.Until
}

// statementRenewal is how much longer than the one that is kept a new statement
// must hold to be kept in its place: not each connect is worth a write to the disk.
const statementRenewal = 24 * time.Hour

// speakFor states that an app belongs to the device, if a server could ask.
func (d *Device) speakFor(appID string) string {
	if d.config.Server == "" {
		return ""
	}
	return ident.NewStatement(d.identity.id, appID, time.Now(), d.identity.sign)
}

// answerTo returns the statement that goes with the answer to an offer: none for a
// stranger, about whom an authorizer has yet to be asked.
func (d *Device) answerTo(offer *signal.Message) string {
	proven := func(secret [names.SecretSize]byte) bool {
		return hmac.Equal(offer.Proof, names.ProveOffer(secret, offer.From, d.identity.id, offer.Attempt))
	}
	if d.state.now().rightOf(offer.From, proven) == noRight {
		return ""
	}
	return d.speakFor(offer.From)
}

// belongs takes down what a device has stated about this app, if anything, and
// shows it to a server that wants to know.
func (a *App) belongs(to *Target, text string) {
	s, err := ident.ParseStatement(text)
	if err != nil || s.Device != to.deviceID || s.CheckSignature(a.identity.id) != nil || to.server == "" {
		return
	}
	a.workers.Go(func() {
		kept := deviceStatement{names.WithoutPassword(to.server), text, time.Now().UTC().Truncate(time.Second)}
		if err := a.state.keepStatement(to.deviceID, kept); err != nil {
			a.log.Warn("what the device states about this app is not kept: servers may give it no relays", "error", err)
			return
		}
		if client, err := a.signals(to.server); err == nil {
			client.ShowMore()
		}
	})
}

func (s *state) keepStatement(deviceID string, fresh deviceStatement) error {
	return s.change(func(now *stateFile) (*stateFile, error) {
		kept, known := now.Statements[deviceID]
		if known && kept.Server == fresh.Server && fresh.until().Sub(kept.until()).Abs() < statementRenewal {
			return nil, nil
		}
		changed := now.clone()
		if !known && len(changed.Statements) >= maxStatements {
			delete(changed.Statements, oldest(changed.Statements, func(s deviceStatement) time.Time { return s.At }))
		}
		put(&changed.Statements, deviceID, fresh)
		return changed, nil
	})
}

// statements are those of the devices at a server, the newest first. Whether they
// still hold is for the server's clock to say.
func (s *state) statements(server string) []string {
	all := slices.DeleteFunc(slices.Collect(maps.Values(s.now().Statements)), func(s deviceStatement) bool { return s.Server != server })
	slices.SortFunc(all, func(a, b deviceStatement) int { return b.At.Compare(a.At) })
	var texts []string
	for _, s := range all {
		texts = append(texts, s.Text)
	}
	return texts
}
