package engine

import (
	"crypto/tls"
	"net/netip"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// TestImpostorAtTheAddress: who sits where a device was, and takes any handshake,
// is told from the device.
func TestImpostorAtTheAddress(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if _, err := w.connectToImpostor(func(*tls.Config) {}); CodeOf(err) != ErrAuth {
			t.Errorf("connect: %v, want ErrAuth", err)
		}
	})
}

// TestDeviceOfBefore: an app that finds a device of before, whose streams have no
// numbers, says that the two do not fit. The device is asked nothing more.
func TestDeviceOfBefore(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if _, err := w.connectToImpostor(func(c *tls.Config) { c.NextProtos = []string{"thingp2p/1"} }); CodeOf(err) != ErrHandshake {
			t.Errorf("connect: %v, want ErrHandshake", err)
		}
	})
}

// connectToImpostor is what an app hears that dials somebody else's address. change
// makes his handshake.
func (w *world) connectToImpostor(change func(*tls.Config)) (*App, error) {
	impostor := w.home(public)
	there := impostor.config("impostor")
	p := w.pair(w.home(public), w.home(public), func(app, _ *Config) { app.Server = "" })
	e, err := newEndpoint(there, signal.Device)
	w.must(err)
	w.t.Cleanup(e.release)
	config, err := e.identity.TLSConfig("")
	w.must(err)
	change(config)
	w.must(e.quic.serve(config, time.Minute, gate.NewHandshakes(e.workers.Guard), &e.workers, func(c *quicConn) { <-c.Context().Done() }))
	target, err := p.app.Resolve(testIdentity(1).ID)
	w.must(err)
	w.must(p.app.AddAddress(target, netip.AddrPortFrom(netip.MustParseAddr(impostor.publicIP), e.socket.Port()).String()))
	_, err = connectIn(p.app, target, ModeLAN, time.Second)
	return p.app, err
}

// TestImpostorAtTheBroker: who reads a device's inbox at a broker that lets it,
// and answers in the device's place, is not heard.
func TestImpostorAtTheBroker(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		broker := newOpenBroker(t)
		device, thief := testIdentity(1), testIdentity(2)
		app := w.pair(w.home(public), w.home(public), func(app, device *Config) {
			app.dialServer, device.dialServer = broker.dial, broker.dial
		}).app
		conn, err := broker.dial()
		w.must(err)
		subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
		subscribe.Topics, subscribe.Qoss, subscribe.MessageID = []string{"t2p/1/d/" + device.ID + "/rx"}, []byte{0}, 1
		connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
		connect.ProtocolName, connect.ProtocolVersion, connect.CleanSession = "MQTT", 4, true
		read, answers := make(chan struct{}), 0
		go func() {
			defer close(read)
			for {
				p, err := packets.ReadPacket(conn)
				if err != nil {
					return
				}
				if _, ok := p.(*packets.PublishPacket); !ok {
					continue
				}
				for attempt := range app.attemptsNow() { // which it cannot know
					for _, message := range []map[string]any{
						{"kind": "answer", "attempt": attempt, "ufrag": "thief", "pwd": "0123456789012345678901"},
						{"kind": "refusal", "attempt": attempt, "code": int(ErrDevicePrivacy)},
					} {
						answer := sealedMessage(t, thief.Key, app.identity.ID, message)
						publishPacket("t2p/1/a/"+app.identity.ID+"/rx", answer, false).Write(conn)
						answers++
					}
				}
			}
		}()
		for _, p := range []packets.ControlPacket{connect, subscribe, publishPacket("t2p/1/d/"+device.ID+"/st", []byte("on"), true)} {
			w.must(p.Write(conn))
		}
		target, err := app.Resolve(device.ID)
		w.must(err)
		if _, err := connectIn(app, target, ModeInternet, 2*time.Second); CodeOf(err) != ErrNoAnswer {
			t.Errorf("connect: %v, want ErrNoAnswer", err)
		}
		app.Close()
		conn.Close()
		<-read
		if answers == 0 {
			t.Error("the impostor has heard nothing")
		}
	})
}

// attemptsNow are the attempts that are being made.
func (e *endpoint) attemptsNow() map[string]bool {
	e.negotiations.mu.Lock()
	defer e.negotiations.mu.Unlock()
	all := make(map[string]bool)
	for key := range e.negotiations.all {
		all[key.id] = true
	}
	return all
}
