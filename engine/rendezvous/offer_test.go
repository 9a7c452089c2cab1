package rendezvous

import (
	"encoding/json"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// What clients are told of changes while the server runs, and is renewed in the new time.
func TestNewOffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const first, second = "turn:192.0.2.1:3478?transport=udp", "turn:192.0.2.2:3478?transport=tcp"
		s, err := Start(t.Context(), Config{PublicIP: netip.MustParseAddr("203.0.113.1"), Names: []string{"pipe.test"}, TURNURLs: []string{first}, TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c := dial(t, s.broker, theDevice)
		defer c.Disconnect(0)
		c.subscribe(ICETopic)
		read := func(url string, ttl time.Duration, retained bool) {
			t.Helper()
			var doc ICEDocument
			m := <-c.got
			if err := json.Unmarshal([]byte(m.payload), &doc); err != nil {
				t.Fatal(err)
			}
			if len(doc.TURN) != 1 || doc.TURN[0].URL != url || time.Until(time.Unix(doc.Expires, 0)).Round(time.Second) != ttl {
				t.Errorf("%+v for %v, want %s for %v", doc, time.Until(time.Unix(doc.Expires, 0)), url, ttl)
			}
		}
		read(first, time.Hour, true)
		s.SetOffer(Config{TURNURLs: []string{second}, TTL: 10 * time.Minute})
		read(second, 10*time.Minute, false)
		begin := time.Now()
		read(second, 10*time.Minute, false)
		if took := time.Since(begin); took != 5*time.Minute {
			t.Errorf("renewed after %v", took)
		}
	})
}
