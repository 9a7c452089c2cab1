package rendezvous

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

func TestQuotaOfRelaysForEachName(t *testing.T) {
	s := startTURN(t, TURNConfig{MaxRelaysPerClient: 2})
	allocate := func(name string, lifetime time.Duration) (net.PacketConn, error) {
		username, password := Credential(testSecret, name, time.Now().Add(lifetime))
		return s.dialTURN(t, "udp", username, password).Allocate()
	}
	one, two := newPerson(ident.App, "one").id, newPerson(ident.App, "two").id
	first, err := allocate(one, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := allocate(one, 2*time.Hour); err != nil { // renewed credentials: the same name
		t.Fatal(err)
	}
	if _, err := allocate(one, time.Hour); err == nil {
		t.Error("a third of two relays was allocated")
	}
	if _, err := allocate(two, time.Hour); err != nil {
		t.Errorf("another client: %v", err)
	}
	first.Close()
	for s.Relays() > 2 {
		time.Sleep(time.Millisecond)
	}
	if _, err := allocate(one, time.Hour); err != nil {
		t.Errorf("after one was given back: %v", err)
	}
	// All clients of an outside broker share a name.
	for i := range 4 {
		if _, err := allocate(sharedName, time.Hour); err != nil {
			t.Errorf("shared, %d: %v", i, err)
		}
	}
	s.Close()
	if n := len(s.relays.quotas); n != 0 {
		t.Errorf("%d quotas are left", n)
	}
}

func TestRateOfAClientsRelays(t *testing.T) {
	const rate = 8_000_000 // bits: a burst of 250 kB
	q, now := newQuota(rate/8), time.Now()
	passed := 0
	for range 1000 {
		if q.pass(1000) {
			passed++
		}
	}
	if burst := int(rate / 8 * rateBurst.Seconds() / 1000); passed < burst || passed > burst+int(time.Since(now).Seconds()*1000)+1 {
		t.Errorf("%d kB passed at once, want %d", passed, burst)
	}

	// Through a relay, both ways count.
	s := startTURN(t, TURNConfig{Rate: rate})
	username, password := Credential(testSecret, theApp.id, time.Now().Add(time.Hour))
	a, err := s.dialTURN(t, "udp", username, password).Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.SetDeadline(await.Deadline())
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	peer.SetDeadline(await.Deadline())
	exchange(t, a, peer)
	s.relays.mu.Lock()
	q = s.relays.quotas[theApp.id]
	s.relays.mu.Unlock()
	q.mu.Lock()
	spent := q.bytes.missing
	q.mu.Unlock()
	if spent <= 0 {
		t.Error("what passes through the relay is not counted")
	}
}

// A host of IPv6 has 2^64 addresses, and is one client all the same.
func TestQuotaOfRelaysForANetworkOfIPv6(t *testing.T) {
	s := startTURN(t, TURNConfig{})
	from := func(address string) client { return client{address: netip.MustParseAddrPort(address)} }
	s.relays.mu.Lock()
	s.relays.bySource[netip.MustParseAddr("2001:db8::")] = maxRelaysPerIP
	s.relays.mu.Unlock()
	if relay, err := s.relays.allocate(from("[2001:db8::1:2:3:4]:5"), s.relays.homes[0], 0); err == nil {
		relay.Close()
		t.Error("one of its addresses gets a relay too many")
	}
	for _, other := range []string{"[2001:db8:0:1::1]:5", "192.0.2.1:5"} {
		relay, err := s.relays.allocate(from(other), s.relays.homes[0], 0)
		if err != nil {
			t.Fatalf("%s: %v", other, err)
		}
		relay.Close()
	}
	s.relays.mu.Lock()
	defer s.relays.mu.Unlock()
	if n := len(s.relays.bySource); n != 1 {
		t.Errorf("%d networks are counted", n)
	}
}
