package rendezvous

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTopics(t *testing.T) {
	id := strings.Repeat("a2", 26)
	for _, test := range []struct {
		topic              string
		publish, subscribe bool
		retain             bool
	}{
		{"t2p/1/d/" + id + "/rx", true, true, false},
		{"t2p/1/a/" + id + "/rx", true, true, false},
		{"t2p/1/d/" + id + "/st", true, true, true},
		{"t2p/1/a/" + id + "/st", false, false, false},
		{"t2p/1/ice", false, true, false},
		{"t2p/1/ice/", false, false, false},
		{"t2p/1/x/" + id + "/rx", false, false, false},
		{"t2p/2/d/" + id + "/rx", false, false, false},
		{"t2p/1/d/" + id + "/rx/more", false, false, false},
		{"t2p/1/d/" + id, false, false, false},
		{"t2p/1/d//rx", false, false, false},
		{"t2p/1/d/+/rx", false, false, false},
		{"t2p/1/d/+/st", false, false, false},
		{"t2p/1/d/#", false, false, false},
		{"t2p/1/d/a/#", false, false, false},
		{"t2p/#", false, false, false},
		{"#", false, false, false},
		{"+/1/ice", false, false, false},
		{"$SYS/broker/clients/total", false, false, false},
		{"$share/g/t2p/1/d/a/rx", false, false, false},
		{"t2p/1/d/ä/rx", false, false, false},
		{"t2p/1/d/a b/rx", false, false, false},
		{"t2p/1/d/" + strings.Repeat("a", maxIDLength) + "/rx", true, true, false},
		{"t2p/1/d/" + strings.Repeat("a", maxIDLength+1) + "/rx", false, false, false},
		{"/t2p/1/ice", false, false, false},
		{"", false, false, false},
	} {
		if mayPublish(test.topic) != test.publish || maySubscribe(test.topic) != test.subscribe || isStatus(test.topic) != test.retain {
			t.Errorf("%s: publish %v, subscribe %v, retain %v", test.topic, mayPublish(test.topic), maySubscribe(test.topic), isStatus(test.topic))
		}
	}
}

func TestTopicsOverTheWire(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		defer c.conn.Close()
		c.connect("c", 0, "")
		for _, filter := range []string{"#", "+/+/+", "t2p/1/d/+/rx", "t2p/1/d/+/st", "$SYS/#", "$share/g/" + deviceInbox, "elsewhere"} {
			if codes := c.subscribe(filter); codes[0] != 0x80 {
				t.Errorf("subscribe to %s: %x, want it refused", filter, codes)
			}
		}
		for topic, want := range map[string]byte{
			deviceStatus: 0, deviceInbox: 5, ICETopic: 5, "elsewhere": 5,
		} {
			c := dialRaw(t, b)
			defer c.conn.Close()
			if code := c.connect("w", 0, topic); (code == 0) != (want == 0) {
				t.Errorf("retained will on %s: code %d", topic, code)
			}
		}
	})
}

func TestRetained(t *testing.T) {
	const maxRetained = 100
	withBroker(t, BrokerConfig{MaxRetained: maxRetained}, func(t *testing.T, b *Broker) {
		c := dial(t, b, "c")
		defer c.Disconnect(0)
		retained := func() int { synctest.Wait(); return b.mqtt.Topics.Retained.Len() }

		c.publish(deviceInbox, "offer", true)
		c.publish(appInbox, "answer", true)
		c.publish(ICETopic, "mine", true)
		c.publish(deviceStatus, strings.Repeat("x", maxStatusBytes+1), true)
		for i := range 10 {
			c.publish(fmt.Sprintf("t2p/1/d/%d/st", i), "", true)
		}
		if n := retained(); n != 0 {
			t.Errorf("%d messages are retained that must not be", n)
		}
		c.publish(deviceStatus, "on", true)
		if n := retained(); n != 1 {
			t.Errorf("%d messages are retained, want the status", n)
		}
		c.publish(deviceStatus, "", true)
		if n := retained(); n != 0 {
			t.Errorf("%d messages are retained after the status was cleared", n)
		}
		for i := range maxRetained {
			b.Publish(fmt.Sprintf("t2p/1/d/full%d/st", i), []byte("on"), true)
		}
		c.publish(deviceStatus, "on", true)
		c.publish("t2p/1/d/full1/st", "off", true)
		if n := retained(); n != maxRetained {
			t.Errorf("%d messages are retained, want %d at most", n, maxRetained)
		}
		c.subscribe("t2p/1/d/full1/st")
		c.want("t2p/1/d/full1/st", "off", true)
	})
}

func FuzzTopic(f *testing.F) {
	f.Add(deviceInbox)
	f.Add(ICETopic)
	f.Add("t2p/1/d/+/st")
	f.Fuzz(func(t *testing.T, topic string) {
		if maySubscribe(topic) && strings.ContainsAny(topic, "+#$") {
			t.Errorf("%q may be subscribed to", topic)
		}
		if mayPublish(topic) && strings.Count(topic, "/") != 4 {
			t.Errorf("%q may be published to", topic)
		}
	})
}
