package rendezvous

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// The figures of a broker are those of what was done with it.
func TestBrokersFigures(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		figures := func() Stats {
			synctest.Wait()
			return (&Server{broker: b, turn: &TURN{relays: newRelays(TURNConfig{PublicIP: loopback})}, accept: newAcceptors(b.log, nil)}).Stats()
		}
		app := dial(t, b, theApp)
		defer app.Disconnect(0)
		var devices []*testClient
		for i := range 3 {
			device := newPerson(ident.Device, fmt.Sprint("device ", i))
			c := dial(t, b, device)
			c.publish(statusTopic(device.id), "on", true)
			devices = append(devices, c)
			for range 10 + i {
				app.publish(inboxTopic(ident.Device, device.id), "offer", false)
			}
		}
		devices[0].publish(appInbox, "answer", false)
		app.publish(ICETopic, "not for an app to say", false)
		devices[1].publish(deviceInbox, "not for a device to say", false)
		if s := figures(); s.Clients != 4 || s.Devices != 3 || s.Apps != 1 || s.Known != 3 || s.Offline != 0 || s.ToDevices != 33 || s.ToApps != 1 || s.Logins.Accepted != 4 {
			t.Errorf("%+v", s)
		}
		devices[2].Disconnect(250)
		if s := figures(); s.Clients != 3 || s.Devices != 2 || s.Known != 3 || s.Offline != 1 {
			t.Errorf("after one has left: %+v", s)
		}
		for _, c := range devices[:2] {
			defer c.Disconnect(0)
		}
	})
}

func TestRefusedRelaysAreCounted(t *testing.T) {
	r := newRelays(TURNConfig{PublicIP: loopback, RelayPorts: DefaultRelayPorts, MaxRelays: 3, MaxRelaysPerClient: 1, Rate: 8000, Log: noFaults(t)})
	username := func(name string) string {
		username, _ := Credential(testSecret, name, time.Now().Add(time.Hour))
		return username
	}
	one, two := newPerson(ident.App, "one").id, newPerson(ident.App, "two").id
	relay, err := r.allocate(client{username: username(one)}, r.homes[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	r.allocate(client{username: username(one)}, r.homes[0], 0)                         // it has one
	r.allocate(client{username: username(two)}, r.homes[0], int(relay.address.Port())) // taken
	elsewhere := client{address: netip.AddrPortFrom(documentation, 7)}                 // without a name
	r.bySource[networkOf(documentation)] = maxRelaysPerIP
	r.allocate(elsewhere, r.homes[0], 0)
	r.max = 1
	r.allocate(elsewhere, r.homes[0], 0)
	r.allocate(elsewhere, r.homes[0], 0)
	r.drain()
	r.allocate(elsewhere, r.homes[0], 0)
	want := map[string]uint64{"client": 1, "ports": 1, "address": 1, "full": 2, "draining": 1}
	if got := r.refused.read(); !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}

	to := net.UDPAddrFromAddrPort(relay.address)
	for range 30 {
		relay.WriteTo(make([]byte, 100), to) // 1000 bytes a second, 1500 at once
	}
	if n := r.tooMuch.Load(); n < 500 || n > 1500 {
		t.Errorf("%d bytes of 3000 were dropped", n)
	}
}

func TestHandshakesAreCounted(t *testing.T) {
	config, roots := testCertificate(t)
	s, err := Start(context.Background(), Config{MQTTS: "127.0.0.1:0", WSS: "127.0.0.1:0", TLS: config, PublicIP: loopback, Log: noFaults(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c, err := tls.Dial("tcp", u.Host, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(await.Deadline())
	tls.Client(c, &tls.Config{ServerName: "127.0.0.1"}).Handshake() // it does not know the authority
	io.ReadAll(c)                                                   // until the server has noticed
	c.Close()
	await.Until(t, "four handshakes, three of them done", func() bool { return s.Stats().HandshakesBegun == 4 && s.Stats().Handshakes == 3 })
	leaf, _ := config.GetCertificate(nil)
	if got := s.Stats().CertificateExpires; !got.Equal(leaf.Leaf.NotAfter) {
		t.Errorf("the certificate expires on %v, not %v", got, leaf.Leaf.NotAfter)
	}
}
