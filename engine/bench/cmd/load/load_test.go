package main

import (
	"context"
	"net/netip"
	"net/url"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// The server's figures are those of the load.
func TestLoadIsWhatTheServerSees(t *testing.T) {
	s, err := rendezvous.Start(context.Background(), rendezvous.Config{MQTT: "127.0.0.1:0", TURN: "127.0.0.1:0", PublicIP: netip.MustParseAddr("127.0.0.1"), MaxClients: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	r := load{server: u, clients: 60, rate: 1000, relays: 20}.run(context.Background(), func() {
		await.Until(t, "all devices' presence", func() bool { return s.Stats().Known == s.Stats().Devices })
		if got := s.Stats(); got.Clients != 50 || got.Devices+got.Apps != 50 || got.Logins.Accepted != 50 || got.Relays != 20 || got.RelayedToPeers < 20*11 {
			t.Errorf("%+v", got)
		}
	})
	if r.loggedIn != 50 || r.refused != 10 || r.relays != 20 || r.logins <= 0 || r.slowest <= 0 {
		t.Errorf("%+v", r)
	}
	await.Until(t, "everybody has left", func() bool { return s.Stats().Clients == 0 })
}
