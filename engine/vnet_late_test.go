package engine

import (
	"crypto/rand"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Offers of an app that has connected in another way, and gone, may come late: a device that is short of processor time would
// search for 20 s for each of them.
func TestLateOffersAreNotAnswered(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		app, device := p.connect(0)
		trace := app.Info().TraceID
		app.Close()
		<-device.done
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		client, err := p.app.signals(target.server)
		w.must(err)
		offer := func() (answered bool) {
			w.must(client.Send(signal.Device, target.deviceID, &signal.Message{
				Kind: signal.Offer, Attempt: trace, Proof: names.ProveOffer(*target.secret, p.app.identity.ID, target.deviceID, trace),
				Ufrag: rand.Text(), Pwd: rand.Text(),
				Candidates: []signal.Candidate{{Type: signal.Host, Address: netip.MustParseAddrPort("203.0.113.99:1")}},
			}))
			time.Sleep(time.Second)
			return p.device.negotiations.of(p.app.identity.ID, trace) != nil
		}
		for range 3 {
			if offer() {
				t.Fatal("a late offer was answered")
			}
		}
		time.Sleep(lateOffers)
		if !offer() {
			t.Error("an offer of the same name was not answered for ever")
		}
	})
}
