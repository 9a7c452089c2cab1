package engine

import (
	"crypto/hpke"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
)

// hybridEnvelope is the version of an envelope that is sealed to X25519 and ML-KEM.
const hybridEnvelope = 2

// brokenX25519 opens an envelope as who has a quantum computer would: it has found
// the receiver's X25519 key, and knows no other.
func brokenX25519(t *testing.T, receiver keys.Identity, m *packets.PublishPacket) bool {
	key, err := ident.OpeningKey(receiver.Key)
	if err != nil {
		t.Fatal(err)
	}
	const keyAt, keySize, mlkemSize, signature = 41, 32, 1088, 64
	e := m.Payload
	for _, at := range []int{keyAt, keyAt + mlkemSize} { // where version 1 and version 2 have its encapsulated key
		if len(e) < at+keySize+signature {
			continue
		}
		recipient, err := hpke.NewRecipient(e[at:at+keySize], key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(),
			[]byte("thingp2p message through a rendezvous server\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := recipient.Open(e[:keyAt], e[at+keySize:len(e)-signature]); err == nil {
			return true
		}
	}
	return false
}

// TestRecordedSignallingOfPairedAppsStaysClosed: who keeps what passes a broker, and
// finds the X25519 keys of both ends one day, reads of paired apps nothing. Of the
// first contact he reads what the app has sent before it knew the device's key.
func TestRecordedSignallingOfPairedAppsStaysClosed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := &liar{world: w}
		p := w.pair(w.home(portRestricted), w.home(symmetric), func(app, device *Config) {
			app.dialServer, device.dialServer = l.dial, l.dial
			device.MaxSessions = 1
		})
		opened := func(from int) (toDevice, toApp []bool) {
			for _, m := range l.since(from) {
				if strings.HasPrefix(m.TopicName, "t2p/1/d/") {
					toDevice = append(toDevice, brokenX25519(t, p.device.identity, m))
				} else {
					toApp = append(toApp, brokenX25519(t, p.app.identity, m))
				}
			}
			return toDevice, toApp
		}
		app, device := p.connect(0)
		device.Close()
		app.Close()
		time.Sleep(5 * time.Second) // what was on its way
		toDevice, toApp := opened(0)
		if slices.Contains(toDevice, false) || slices.Contains(toApp, true) || len(toDevice) == 0 || len(toApp) == 0 {
			t.Errorf("of the first contact: to the device %v, to the app %v", toDevice, toApp)
		}

		paired := l.count()
		target, err := p.app.Resolve(p.device.ID())
		w.must(err)
		app, err = connectIn(p.app, target, ModeInternet, 0)
		w.must(err)
		device, err = p.device.Accept(time.Second)
		w.must(err)
		_, err = connectIn(p.app, target, ModeInternet, 0)
		if CodeOf(err) != ErrDeviceFull {
			t.Errorf("a second session: %v", err)
		}
		device.way.lost(false)
		app.way.lost(false) // offers again
		time.Sleep(5 * time.Second)
		toDevice, toApp = opened(paired)
		if slices.Contains(toDevice, true) || slices.Contains(toApp, true) || len(toDevice) < 3 || len(toApp) < 4 {
			t.Errorf("of the paired app: to the device %v, to the app %v", toDevice, toApp)
		}
	})
}

// TestBrokerTalksNobodyOutOfHybrid: that of an app which knows a device's key nothing
// but hybrid envelopes come, though none arrives. (TestLyingBroker has more lies.)
func TestBrokerTalksNobodyOutOfHybrid(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := &liar{world: w}
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
			app.dialServer, device.dialServer = l.dial, l.dial
		})
		app, device := p.connect(0)
		device.Close()
		app.Close()
		first := l.since(0)
		paired := l.count()
		l.say(onMessages(func(_ *victim, m *packets.PublishPacket) lies {
			if m.Payload[0] != hybridEnvelope {
				return lies{m}
			}
			var old lies // only what was said in the first contact
			for _, o := range first {
				if o.TopicName == m.TopicName && o.Payload[0] != hybridEnvelope {
					old = append(old, o)
				}
			}
			return old
		}))
		target, err := p.app.Resolve(p.device.Ticket()) // it has the ticket still
		w.must(err)
		if _, err := connectIn(p.app, target, ModeInternet, 10*time.Second); CodeOf(err) != ErrNoAnswer {
			t.Errorf("%v", err)
		}
		if l.count() < paired+5 {
			t.Error("the app has not offered")
		}
		for _, m := range l.since(paired) {
			if m.Payload[0] != hybridEnvelope {
				t.Errorf("version %d to %s", m.Payload[0], m.TopicName)
			}
		}
		l.say(nil)
		app, device = p.connect(0)
		w.must(exchange(app, device))
	})
}

// TestPeersWithoutMLKEMAreSpokenTo: those of before. A device that has no ML-KEM key any
// more says so inside the session, and is believed.
func TestPeersWithoutMLKEMAreSpokenTo(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		l := &liar{world: w}
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
			app.dialServer, device.dialServer = l.dial, l.dial
		})
		versions := func(from int) (all []byte) {
			for _, m := range l.since(from) {
				all = append(all, m.Payload[0])
			}
			return all
		}
		connect := func() {
			app, device := p.connect(0)
			w.must(exchange(app, device))
			device.Close()
			app.Close()
			time.Sleep(5 * time.Second)
		}
		appKey, deviceKey := p.app.identity.MLKEMKey, p.device.identity.MLKEMKey
		p.app.identity.MLKEMKey, p.device.identity.MLKEMKey = nil, nil
		connect()
		if all := versions(0); slices.Contains(all, hybridEnvelope) || len(all) < 2 {
			t.Errorf("of two of before: versions %v", all)
		}
		p.app.identity.MLKEMKey, p.device.identity.MLKEMKey = appKey, deviceKey
		connect()
		if p.app.mlkemKeyOf(p.device.ID()) == nil {
			t.Error("the device's key is not known")
		}
		p.device.identity.MLKEMKey = []byte("malformed")
		connect()
		if p.app.mlkemKeyOf(p.device.ID()) == nil {
			t.Error("a malformed key makes the app forget")
		}
		p.device.identity.MLKEMKey = nil
		connect()
		if p.app.mlkemKeyOf(p.device.ID()) != nil {
			t.Error("the app still seals to a key that the device has not any more")
		}
	})
}
