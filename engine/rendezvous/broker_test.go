package rendezvous

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// withBroker runs test in fake time with a broker, and fails if the broker
// leaves a goroutine behind.
func withBroker(t *testing.T, cfg BrokerConfig, test func(t *testing.T, b *Broker)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.Names = []string{"pipe.test"}
		b := NewBroker(cfg)
		defer b.Close()
		test(t, b)
	})
}

func TestBrokerCarriesMessages(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		device, app := dial(t, b, theDevice), dial(t, b, theApp)
		defer device.Disconnect(0)
		defer app.Disconnect(0)
		device.subscribe(deviceInbox)
		app.subscribe(appInbox)
		app.publish(deviceInbox, "offer", false)
		device.want(deviceInbox, "offer", false)
		device.publish(appInbox, "answer", false)
		app.want(appInbox, "answer", false)
	})
}

func TestBrokerRetainsTheServersDocument(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		b.Publish(ICETopic, []byte("servers"), true)
		c := dial(t, b, theApp)
		defer c.Disconnect(0)
		c.publish(ICETopic, "mine", true)
		c.subscribe(ICETopic)
		c.want(ICETopic, "servers", true)
		synctest.Wait()
		c.wantNothing()
	})
}

func withWill(o *paho.ClientOptions) { o.SetWill(deviceStatus, "off", 0, true) }

func TestPresence(t *testing.T) {
	online := func(t *testing.T, b *Broker) (device, app *testClient) {
		device, app = dial(t, b, theDevice, withWill), dial(t, b, theApp)
		device.publish(deviceStatus, "on", true)
		synctest.Wait()
		app.subscribe(deviceStatus)
		app.want(deviceStatus, "on", true)
		return device, app
	}
	for name, test := range map[string]struct {
		leave func(t *testing.T, b *Broker, device *testClient)
		says  string
	}{
		"a device whose connection dies is off": {func(_ *testing.T, _ *Broker, device *testClient) {
			device.pipe.Load().(net.Conn).Close()
		}, "off"},
		"a device that says goodbye publishes no will": {func(_ *testing.T, _ *Broker, device *testClient) {
			device.Disconnect(250) // with 0, paho may leave without the packet
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
				device, app := online(t, b)
				defer app.Disconnect(0)
				defer device.Disconnect(0)
				synctest.Wait() // or the broker tells once more what has changed since it told what is retained
				test.leave(t, b, device)
				if test.says != "" {
					app.want(deviceStatus, test.says, false)
					late := dial(t, b, newPerson(ident.App, "late"))
					defer late.Disconnect(0)
					late.subscribe(deviceStatus)
					late.want(deviceStatus, test.says, true)
				}
				synctest.Wait()
				app.wantNothing()
			})
		})
	}
}

func TestPresenceOfADeviceThatComesBack(t *testing.T) {
	// A device whose network changed connects while the broker still believes
	// in the old connection. Its old will must not follow its new "on".
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		app := dial(t, b, theApp)
		defer app.Disconnect(0)
		app.subscribe(deviceStatus)
		synctest.Wait() // what is retained comes after the acknowledgement, and is nothing yet
		for range 20 {
			device := dial(t, b, theDevice, withWill)
			defer device.Disconnect(0)
			device.subscribe(deviceInbox)
			device.publish(deviceStatus, "on", true)
			app.want(deviceStatus, "on", false)
			app.publish(deviceInbox, "offer", false)
			device.want(deviceInbox, "offer", false)
			synctest.Wait()
			app.wantNothing()
		}
		if n := b.Clients(); n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
	})
}

func TestOneConnectionForEachClientID(t *testing.T) {
	// Whoever is left of many that connect at once gets its messages.
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		for range 50 {
			var heard atomic.Int32
			var conns []net.Conn
			var wg sync.WaitGroup
			for range 8 {
				c := dialRaw(t, b)
				conns = append(conns, c.conn)
				wg.Go(func() {
					connectPacket(theDevice, 0).Write(c.conn)
					subscribePacket(deviceInbox).Write(c.conn)
				})
				wg.Go(func() {
					for {
						switch p, _ := packets.ReadPacket(c.conn); p.(type) {
						case *packets.PublishPacket:
							heard.Add(1)
						case nil:
							return
						}
					}
				})
			}
			synctest.Wait()
			b.Publish(deviceInbox, []byte("offer"), false)
			synctest.Wait()
			if n := b.Clients(); n != 1 || heard.Load() != 1 {
				t.Fatalf("%d connections of one client id are open and %d heard the message, want 1 and 1", n, heard.Load())
			}
			for _, conn := range conns {
				conn.Close()
			}
			wg.Wait()
		}
	})
}

func TestBrokerTimers(t *testing.T) {
	// ends returns how long the broker keeps a connection.
	ends := func(c *rawClient) time.Duration {
		start := time.Now()
		_, err := io.Copy(io.Discard, c.conn)
		if err != nil && !errors.Is(err, io.ErrClosedPipe) {
			c.t.Error(err)
		}
		return time.Since(start)
	}
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		if got := ends(dialRaw(t, b)); got != helloTimeout {
			t.Errorf("a client that never says CONNECT lasts %v", got)
		}
	})
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		c.conn.Write([]byte{0x10, 0xff, 0x3f}) // a CONNECT that never ends
		if got := ends(c); got != helloTimeout {
			t.Errorf("a client that never finishes CONNECT lasts %v", got)
		}
	})
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		app := dial(t, b, theApp, func(o *paho.ClientOptions) { o.SetKeepAlive(0) })
		defer app.Disconnect(0)
		app.subscribe(deviceStatus)
		c := dialRaw(t, b)
		c.connect(theDevice, 20, deviceStatus)
		if got := ends(c); got != 30*time.Second {
			t.Errorf("a silent client with a keepalive of 20 s lasts %v, want 30 s", got)
		}
		app.want(deviceStatus, "off", false)
	})
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		c.connect(theDevice, 0, "")
		if got := ends(c); got != 1.5*maxKeepalive*time.Second {
			t.Errorf("a silent client without keepalive lasts %v", got)
		}
	})
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		app := dial(t, b, theApp)
		defer app.Disconnect(0)
		c := dialRaw(t, b)
		defer c.conn.Close()
		c.connect(theDevice, 0, "")
		c.subscribe(deviceInbox)
		start := time.Now()
		for range 2 * maxQueued { // a pipe holds nothing: the first one blocks
			app.publish(deviceInbox, "offer", false)
		}
		for b.Clients() == 2 {
			time.Sleep(time.Second)
		}
		if got := time.Since(start); got > writeTimeout+2*time.Second {
			t.Errorf("a client that does not read lasts %v", got)
		}
	})
}

func TestBrokerLimits(t *testing.T) {
	withBroker(t, BrokerConfig{MaxClients: 2}, func(t *testing.T, b *Broker) {
		one, two, three := dialRaw(t, b), dialRaw(t, b), dialRaw(t, b)
		defer one.conn.Close()
		defer two.conn.Close()
		one.connect(theApp, 0, "")
		two.connect(theDevice, 0, "")
		three.send(connectPacket(newPerson(ident.App, "third"), 0))
		if _, err := three.conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a client too many: %v, want it closed", err)
		}
	})
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		defer c.conn.Close()
		c.connect(theApp, 0, "")
		var filters []string
		for i := range maxSubscriptions + 1 {
			filters = append(filters, statusTopic(newPerson(ident.Device, fmt.Sprint(i)).id))
		}
		codes := c.subscribe(filters...)
		if codes[maxSubscriptions-1] != 0 || codes[maxSubscriptions] != 0x80 {
			t.Errorf("codes at the limit of subscriptions: %x", codes[maxSubscriptions-1:])
		}
		if codes := c.subscribe(filters[0]); codes[0] != 0 {
			t.Errorf("a subscription that is there already: %x", codes)
		}
		c.conn.Write([]byte{0x30, 0x81, 0x80, 0x01, 0}) // PUBLISH of 16 KiB
		if _, err := c.conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a packet too large: %v, want the connection closed", err)
		}
	})
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		defer c.conn.Close()
		p := connectPacket(theApp, 0)
		p.ClientIdentifier = strings.Repeat("x", maxClientID+1)
		c.send(p)
		if _, err := c.conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a client id too long: %v, want the connection closed", err)
		}
	})
}

func TestBrokerForgetsClientsThatDoNotTakeTheirWelcome(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		c.send(connectPacket(theApp, 0))
		c.conn.Close()
		synctest.Wait()
		if n := b.mqtt.Clients.Len() + len(b.sessions) + b.Clients(); n != 0 {
			t.Errorf("%d traces of the client", n)
		}
	})
}
