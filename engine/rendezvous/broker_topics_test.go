package rendezvous

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

func TestTopics(t *testing.T) {
	const (
		no = iota
		publish
		read
		both
	)
	other := newPerson(ident.Device, "other").id
	for topic, want := range map[string]struct{ app, device int }{
		deviceInbox:                                 {publish, read},
		appInbox:                                    {read, publish},
		deviceStatus:                                {read, both},
		inboxTopic('d', other):                      {publish, no},
		inboxTopic('a', other):                      {no, publish},
		statusTopic(other):                          {read, no},
		inboxTopic('a', theDevice.id):               {no, publish}, // whoever that is
		inboxTopic('d', theApp.id):                  {publish, no},
		statusTopic(theApp.id):                      {read, no},
		"t2p/1/a/" + theApp.id + "/st":              {no, no},
		ICETopic:                                    {read, read},
		"t2p/1/ice/":                                {no, no},
		"t2p/1/x/" + other + "/rx":                  {no, no},
		"t2p/2/d/" + other + "/rx":                  {no, no},
		"t2p/1/d/" + other + "/rx/more":             {no, no},
		"t2p/1/d/" + other:                          {no, no},
		"t2p/1/d//rx":                               {no, no},
		"t2p/1/d/dev/rx":                            {no, no},
		"t2p/1/d/" + strings.ToUpper(other) + "/rx": {no, no},
		"t2p/1/d/+/rx":                              {no, no},
		"t2p/1/d/+/st":                              {no, no},
		"t2p/1/d/#":                                 {no, no},
		"t2p/1/d/" + theDevice.id + "/#":            {no, no},
		"t2p/1/d/" + theDevice.id + "/+":            {no, no},
		"t2p/1/+/" + theApp.id + "/rx":              {no, no},
		"t2p/#":                                     {no, no},
		"#":                                         {no, no},
		"+/1/ice":                                   {no, no},
		"$SYS/broker/clients/total":                 {no, no},
		"$share/g/" + deviceInbox:                   {no, no},
		"$share/g/" + ICETopic:                      {no, no},
		"/t2p/1/ice":                                {no, no},
		"":                                          {no, no},
	} {
		for who, want := range map[member]int{theApp.member: want.app, theDevice.member: want.device, {}: no} {
			got := no
			if who.mayPublish(topic) {
				got += publish
			}
			if who.maySubscribe(topic) {
				got += read
			}
			if got != want {
				t.Errorf("%c to %s: %d, want %d", who.role, topic, got, want)
			}
		}
	}
}

func TestTopicsOverTheWire(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		other := newPerson(ident.Device, "other")
		for who, filters := range map[*person][]string{
			&theApp:    {"#", "+/+/+", "t2p/1/d/+/rx", "t2p/1/d/+/st", "$SYS/#", "$share/g/" + deviceStatus, "elsewhere", deviceInbox},
			&theDevice: {"#", "t2p/1/+/+/rx", "$share/g/" + deviceInbox, appInbox, inboxTopic('d', other.id), statusTopic(other.id)},
		} {
			c := dialRaw(t, b)
			defer c.conn.Close()
			c.connect(*who, 0, "")
			for _, filter := range filters {
				if codes := c.subscribe(filter); codes[0] != 0x80 {
					t.Errorf("%c subscribes to %s: %x, want it refused", who.role, filter, codes)
				}
			}
		}
		for _, test := range []struct {
			who  person
			will string
			ok   bool
		}{
			{theDevice, deviceStatus, true}, {theDevice, appInbox, false}, {theDevice, ICETopic, false}, {theDevice, "elsewhere", false},
			{other, deviceStatus, false}, {theApp, deviceStatus, false}, {theApp, deviceInbox, false},
		} {
			c := dialRaw(t, b)
			defer c.conn.Close()
			if code := c.connect(test.who, 0, test.will); (code == 0) != test.ok {
				t.Errorf("retained will of %c on %s: code %d", test.who.role, test.will, code)
			}
		}
	})
}

func TestForgedMessagesReachNobody(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		b.Publish(ICETopic, []byte("servers"), true)
		device, app := dial(t, b, theDevice), dial(t, b, theApp)
		defer device.Disconnect(0)
		defer app.Disconnect(0)
		device.publish(deviceStatus, "on", true)
		device.subscribe(deviceInbox)
		app.subscribe(appInbox)
		app.subscribe(deviceStatus)
		app.subscribe(ICETopic)
		app.want(deviceStatus, "on", true)
		app.want(ICETopic, "servers", true)
		for _, who := range []person{newPerson(ident.Device, "forger"), newPerson(ident.App, "forger")} {
			forger := dial(t, b, who)
			defer forger.Disconnect(0)
			for _, topic := range []string{deviceStatus, ICETopic} {
				forger.publish(topic, "off", true)
				forger.publish(topic, "", true)
				forger.publish(topic, "off", false)
			}
			forger.Publish(deviceStatus, 1, true, "off") // ends its connection
			synctest.Wait()
			if forger.IsConnectionOpen() {
				t.Error("connected after a PUBLISH that may not be acknowledged")
			}
		}
		synctest.Wait()
		app.wantNothing()
		device.wantNothing()
		late := dial(t, b, newPerson(ident.App, "late"))
		defer late.Disconnect(0)
		late.subscribe(deviceStatus)
		late.want(deviceStatus, "on", true)
		late.subscribe(ICETopic)
		late.want(ICETopic, "servers", true)
	})
}

func TestRetained(t *testing.T) {
	const maxRetained = 100
	withBroker(t, BrokerConfig{MaxRetained: maxRetained}, func(t *testing.T, b *Broker) {
		c := dial(t, b, theDevice)
		defer c.Disconnect(0)
		app := dial(t, b, theApp)
		defer app.Disconnect(0)
		retained := func() int { synctest.Wait(); return b.mqtt.Topics.Retained.Len() }

		app.publish(deviceInbox, "offer", true)
		c.publish(appInbox, "answer", true)
		c.publish(ICETopic, "mine", true)
		c.publish(deviceStatus, strings.Repeat("x", maxStatusBytes+1), true)
		c.publish(deviceStatus, "", true)
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
		full := newPerson(ident.Device, "1")
		for i := range maxRetained {
			b.Publish(statusTopic(newPerson(ident.Device, fmt.Sprint(i)).id), []byte("on"), true)
		}
		c.publish(deviceStatus, "on", true)
		was := dial(t, b, full)
		defer was.Disconnect(0)
		was.publish(statusTopic(full.id), "off", true)
		if n := retained(); n != maxRetained {
			t.Errorf("%d messages are retained, want %d at most", n, maxRetained)
		}
		app.subscribe(statusTopic(full.id))
		app.want(statusTopic(full.id), "off", true)
	})
}

func FuzzTopic(f *testing.F) {
	f.Add(deviceInbox)
	f.Add(ICETopic)
	f.Add("t2p/1/d/+/st")
	f.Fuzz(func(t *testing.T, topic string) {
		for _, who := range []member{theApp.member, theDevice.member} {
			if who.maySubscribe(topic) && strings.ContainsAny(topic, "+#$") {
				t.Errorf("%q may be subscribed to", topic)
			}
			if who.mayPublish(topic) && strings.Count(topic, "/") != 4 {
				t.Errorf("%q may be published to", topic)
			}
		}
	})
}

// TestNobodySpeaksForAnother: an envelope names its sender, and a device counts
// what comes against that one.
func TestNobodySpeaksForAnother(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		device, app := dial(t, b, theDevice), dial(t, b, theApp)
		device.subscribe(deviceInbox)
		for _, version := range []string{"\x01", "\x02", "\x1f"} {
			from := func(who person) string {
				return version + string(who.key.Public().(ed25519.PublicKey)) + "the rest"
			}
			app.publish(deviceInbox, from(newPerson(ident.App, "another")), false)
			app.publish(deviceInbox, from(theApp), false)
			device.want(deviceInbox, from(theApp), false)
		}
	})
}
