package rendezvous

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
)

var theProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func forwarded(from string, headers ...string) netip.Addr {
	r := &http.Request{Header: http.Header{"X-Forwarded-For": headers}}
	return forwardedFor(r, netip.MustParseAddr(from), theProxies)
}

// Only a proxy is believed, and no more of what it passes on than other proxies say.
func TestForWhomAProxySpeaks(t *testing.T) {
	for _, test := range []struct {
		from    string
		headers []string
		client  string
	}{
		{"10.0.0.1", nil, ""},
		{"10.0.0.1", []string{""}, ""},
		{"10.0.0.1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"192.0.2.9", []string{"192.0.2.1"}, ""},
		{"10.0.0.1", []string{"198.51.100.1, 192.0.2.1"}, "192.0.2.1"},
		{"10.0.0.1", []string{"198.51.100.1", "192.0.2.1"}, "192.0.2.1"},
		{"10.0.0.1", []string{"198.51.100.1, 192.0.2.1, 10.0.0.2,10.0.0.3"}, "192.0.2.1"},
		{"10.0.0.1", []string{"nonsense, 10.0.0.2"}, "10.0.0.2"},
		{"10.0.0.1", []string{"192.0.2.1, nonsense"}, ""},
		{"fd00::1", []string{"[2001:db8::1]:99"}, "2001:db8::1"},
		{"fd00::1", []string{"2001:db8::1"}, "2001:db8::1"},
		{"fd00::1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"10.0.0.1", []string{"192.0.2.1:99"}, "192.0.2.1"},
	} {
		var want netip.Addr
		if test.client != "" {
			want = netip.MustParseAddr(test.client)
		}
		if got := forwarded(test.from, test.headers...); got != want {
			t.Errorf("%s says %q: %v, want %v", test.from, test.headers, got, want)
		}
	}
}

func FuzzForwardedFor(f *testing.F) {
	for _, header := range []string{"", "192.0.2.1", "[2001:db8::1]:99, 10.0.0.2", ",,", "fe80::1%eth0"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if client := forwarded("10.0.0.1", header); client.Zone() != "" || client.Is4In6() {
			t.Errorf("%v", client)
		}
	})
}

var theProxy = []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32")}

// The limits of an address are not for all whom a proxy speaks for, who come at once, and they are for each of them.
func TestLimitsOfWhomAProxySpeaksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(nil, 100, 100)
		var latest *knock
		from := func(client string) error {
			latest, _ = knockFrom(d, "192.0.2.10")
			if err := latest.mayHandshake(theProxy); err != nil {
				t.Fatal(err)
			}
			latest.isFrom(netip.MustParseAddr(client))
			return latest.mayWork()
		}
		for i := range 2 * attemptsAtOnce {
			if err := from(fmt.Sprintf("198.51.100.%d", i%200)); err != nil {
				t.Fatal("one of many clients:", err)
			}
		}
		for range attemptsAtOnce {
			from("203.0.113.7")
		}
		if err := from("203.0.113.7"); !errors.Is(err, errTooFast) {
			t.Errorf("one client again and again: %v", err)
		}
		for range 2 * maxWaitingAddress {
			k, _ := knockFrom(d, "192.0.2.10")
			k.mayHandshake(theProxy)
		}
		if latest.place == nil {
			t.Error("a client has lost its place to others of its proxy's")
		}
		for range maxWaitingAddress {
			from("203.0.113.7")
		}
		if n := d.waitingFrom[netip.MustParseAddr("203.0.113.7")]; n > maxWaitingAddress {
			t.Errorf("%d wait from one address", n)
		}
	})
}

// Who was let in by his proxy's handshake of TLS has his place there, and leaves none behind.
func TestProxiesLeaveNoPlaces(t *testing.T) {
	d := newDoor(nil, 100, 100)
	for i := range 300 {
		k, _ := knockFrom(d, "192.0.2.10") // the proxy
		if err := k.mayHandshake(theProxy); err != nil {
			t.Fatal(i, err)
		}
		if i%2 == 0 { // else it goes before the proxy has said for whom it was
			k.isFrom(netip.MustParseAddr("198.51.100.7"))
		}
		k.Close()
	}
	if len(d.waitingFrom) > 0 {
		t.Errorf("when all are gone, there wait %v", d.waitingFrom)
	}
	if k, conn := knockFrom(d, "198.51.100.7"); k.place == nil || conn.closed {
		t.Error("a new one from there is sent away")
	}
}
