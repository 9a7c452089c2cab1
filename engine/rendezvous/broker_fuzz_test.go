package rendezvous

import (
	"bytes"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// packetBytes is an MQTT packet as it is sent.
func packetBytes(p packets.ControlPacket) []byte {
	var b bytes.Buffer
	p.Write(&b)
	return b.Bytes()
}

// faults makes a fault that the server has caught and logged a failure of the test.
type faults struct{ t *testing.T }

func (f faults) Write(line []byte) (int, error) {
	f.t.Errorf("%s", line)
	return len(line), nil
}

func noFaults(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(faults{t}, &slog.HandlerOptions{Level: slog.LevelError}))
}

// FuzzBroker: whatever a client sends, before its login or after, the broker serves the next one.
func FuzzBroker(f *testing.F) {
	publish := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	publish.TopicName, publish.Payload, publish.Qos, publish.MessageID = deviceInbox, []byte("\x01"), 1, 7
	f.Add([]byte{0x10}, false)
	f.Add([]byte("\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01g"), false)
	f.Add(packetBytes(subscribePacket(appInbox, ICETopic)), true)
	f.Add(packetBytes(publish), true)
	f.Add(packetBytes(packets.NewControlPacket(packets.Pingreq)), true)
	f.Add(packetBytes(packets.NewControlPacket(packets.Disconnect)), true)
	f.Fuzz(func(t *testing.T, stream []byte, loggedIn bool) {
		withBroker(t, BrokerConfig{Log: noFaults(t)}, func(t *testing.T, b *Broker) {
			stranger := dialRaw(t, b)
			defer stranger.conn.Close()
			if loggedIn {
				if code := stranger.connect(theApp, 0, ""); code != 0 {
					t.Fatalf("the login fails with %d", code)
				}
			}
			go io.Copy(io.Discard, stranger.conn)
			stranger.conn.Write(stream) // fails if the broker has had enough
			synctest.Wait()
			next := dialRaw(t, b)
			defer next.conn.Close()
			if code := next.connect(theDevice, 0, ""); code != 0 {
				t.Errorf("the next client's login fails with %d", code)
			}
		})
	})
}
