package rendezvous

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// A table of statuses that was filled by ids that come and go has room for whoever comes
// next.
func TestThoseWhoAreGoneGiveWay(t *testing.T) {
	const most = 10
	for name, leave := range map[string]func(c *present){
		"in order":       func(c *present) { c.publish(c.status, "off", true); c.Disconnect(250) },
		"cut":            func(c *present) { c.pipe.Load().(net.Conn).Close() },
		"without a word": func(c *present) { c.Disconnect(250) },
	} {
		t.Run(name, func(t *testing.T) {
			withBroker(t, BrokerConfig{MaxRetained: most}, func(t *testing.T, b *Broker) {
				stays := arrive(t, b, "stays")
				defer stays.Disconnect(0)
				var topics []string
				for i := range 5 * most {
					c := arrive(t, b, fmt.Sprint("passes ", i))
					topics = append(topics, c.status)
					synctest.Wait()
					if m, ok := b.mqtt.Topics.Retained.Get(c.status); !ok || string(m.Payload) != "on" {
						t.Fatalf("device %d is on, and the table says %q", i, m.Payload)
					}
					leave(c)
					for b.Clients() > 1 {
						synctest.Wait()
					}
				}
				if n := b.mqtt.Topics.Retained.Len(); n != most {
					t.Errorf("%d are in the table, want %d", n, most)
				}
				for i, topic := range topics {
					if _, in := b.mqtt.Topics.Retained.Get(topic); in != (i > len(topics)-most) {
						t.Errorf("device %d of %d is in the table: %v", i, len(topics), in)
					}
				}
				if m, _ := b.mqtt.Topics.Retained.Get(stays.status); string(m.Payload) != "on" {
					t.Error("the one who stayed is not in the table")
				}
				if n := len(b.presence.is) + len(b.presence.here); n != most || b.presence.gone.Len() != most-1 {
					t.Errorf("%d are in the books", n)
				}
			})
		})
	}
}

// Once all who are in the table are connected, the log says that others have no room.
func TestAFullTableIsInTheLog(t *testing.T) {
	var log bytes.Buffer
	const most = 3
	withBroker(t, BrokerConfig{MaxRetained: most, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(t *testing.T, b *Broker) {
		for i := range most + 2 {
			c := arrive(t, b, fmt.Sprint(i))
			defer c.Disconnect(0)
			synctest.Wait() // those who come at the same moment may be one too many
		}
		if n := b.mqtt.Topics.Retained.Len(); n != most {
			t.Errorf("%d are in the table, want %d", n, most)
		}
	})
	if n := strings.Count(log.String(), "the table of statuses is full"); n != 2 {
		t.Errorf("the log says so %d times:\n%s", n, log.String())
	}
}

// present is a device that says that it is on.
type present struct {
	*testClient
	status string
}

func arrive(t *testing.T, b *Broker, name string) *present {
	who := newPerson(ident.Device, name)
	c := &present{dial(t, b, who), statusTopic(who.id)}
	c.publish(c.status, "on", true)
	return c
}

// A subscriber that is told an old status after a new one is told the new one again.
func TestAnOldStatusIsNotTheLastWord(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		device, app := dial(t, b, theDevice), dial(t, b, theApp)
		defer device.Disconnect(0)
		defer app.Disconnect(0)
		device.publish(deviceStatus, "off", true)
		synctest.Wait()
		app.subscribe(deviceStatus)
		app.want(deviceStatus, "off", true)
		h := &presenceHook{broker: b}
		h.OnRetainPublished(nil, packets.Packet{TopicName: deviceStatus, Payload: []byte("on")})
		app.want(deviceStatus, "off", false)
		h.OnRetainPublished(nil, packets.Packet{TopicName: deviceStatus, Payload: []byte("off")})
		h.OnRetainPublished(nil, packets.Packet{TopicName: ICETopic, Payload: []byte("old")})
		synctest.Wait()
		app.wantNothing()
	})
}
