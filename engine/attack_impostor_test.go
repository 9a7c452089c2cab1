package engine

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// TestImpostorAtTheAddress: who sits where a device was, and takes any handshake,
// is told from the device.
func TestImpostorAtTheAddress(t *testing.T) {
	e, err := newEndpoint(Config{}, signal.Device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.release)
	config, err := e.identity.tlsConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if err := e.quic.serve(config, time.Minute, newHandshakes(e.workers.Guard), &e.workers, func(c *quicConn) { <-c.Context().Done() }); err != nil {
		t.Fatal(err)
	}
	app, err := NewApp(Config{UID: "user", DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	target, err := app.Resolve(testIdentity(1).id)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), e.socket.port)
	if err := app.AddAddress(target, address.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Connect(context.Background(), target, ModeLAN, time.Second, NewTraceID()); CodeOf(err) != ErrAuth {
		t.Errorf("connect: %v, want ErrAuth", err)
	}
}

// TestImpostorAtTheBroker: who reads a device's inbox at a broker that lets it,
// and answers in the device's place, is not heard.
func TestImpostorAtTheBroker(t *testing.T) {
	broker := startOpenBroker(t)
	device, thief := testIdentity(1), testIdentity(2)
	conn, err := net.Dial("tcp", strings.TrimPrefix(broker.url, "mqtt://"))
	if err != nil {
		t.Fatal(err)
	}
	app, err := NewApp(Config{UID: "user", Server: broker.url, DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.Topics, subscribe.Qoss, subscribe.MessageID = []string{"t2p/1/d/" + device.id + "/rx"}, []byte{0}, 1
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion, connect.CleanSession = "MQTT", 4, true
	for _, p := range []packets.ControlPacket{connect, subscribe, publishPacket("t2p/1/d/"+device.id+"/st", []byte("on"), true)} {
		if err := p.Write(conn); err != nil {
			t.Fatal(err)
		}
	}
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
					answer := sealedMessage(t, thief.key, app.identity.id, message)
					publishPacket("t2p/1/a/"+app.identity.id+"/rx", answer, false).Write(conn)
					answers++
				}
			}
		}
	}()
	target, err := app.Resolve(device.id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Connect(context.Background(), target, ModeInternet, 2*time.Second, NewTraceID()); CodeOf(err) != ErrNoAnswer {
		t.Errorf("connect: %v, want ErrNoAnswer", err)
	}
	app.Close()
	conn.Close()
	<-read
	if answers == 0 {
		t.Error("the impostor has heard nothing")
	}
}

// attemptsNow are the attempts that are being made.
func (e *endpoint) attemptsNow() map[string]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make(map[string]bool)
	for attempt := range e.negotiations {
		all[attempt] = true
	}
	return all
}
