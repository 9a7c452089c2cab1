package base

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

var (
	peerIPv4 = netip.MustParseAddrPort("192.0.2.1:1000")
	peerIPv6 = netip.MustParseAddrPort("[2001:db8::1]:1000")
)

// nowhere is a base that sends nothing.
func nowhere([]byte, netip.AddrPort) error { return nil }

func muxConn(t testing.TB, m *STUNMux, ufrag string, ip net.IP) *stunMuxConn {
	t.Helper()
	c, err := AgentMux{m, NewChecks(m.Pacer, false)}.GetConn(ufrag, &net.UDPAddr{IP: ip})
	if err != nil {
		t.Fatal(err)
	}
	return c.(*stunMuxConn)
}

func request(username string) []byte {
	return stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(username), stun.Fingerprint).Raw
}

func response(id [stun.TransactionIDSize]byte, mapped netip.AddrPort) []byte {
	return stun.MustBuild(stun.NewTransactionIDSetter(id), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: mapped.Addr().AsSlice(), Port: int(mapped.Port())}, stun.Fingerprint).Raw
}

func TestRequestGoesToItsUfragAndFamilyOnly(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	conns := map[string]*stunMuxConn{
		"one, IPv4": muxConn(t, m, "one", net.IPv4zero),
		"one, IPv6": muxConn(t, m, "one", net.IPv6zero),
		"two, IPv4": muxConn(t, m, "two", net.IPv4zero),
		"two, IPv6": muxConn(t, m, "two", net.IPv6zero),
	}
	m.Deliver(request("one:peer"), peerIPv4)
	m.Deliver(request("two:peer"), peerIPv6)
	m.Deliver(request("three:peer"), peerIPv4)
	m.Deliver(request("peer:one"), peerIPv4)
	m.Deliver(request(""), peerIPv4)
	m.Deliver(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw, peerIPv4) // no user name
	for name, c := range conns {
		want := 0
		if name == "one, IPv4" || name == "two, IPv6" {
			want = 1
		}
		if len(c.packets) != want {
			t.Errorf("%s has %d packets, want %d", name, len(c.packets), want)
		}
	}
	p := make([]byte, 1500)
	n, from, err := conns["two, IPv6"].ReadFrom(p)
	if err != nil || hosts.AddrPort(from) != peerIPv6 || !stun.IsMessage(p[:n]) {
		t.Errorf("%d bytes from %v, %v", n, from, err)
	}
}

// idOf is a STUN packet's transaction id.
func idOf(p []byte) transactionID { return transactionID(p[8:20]) }

func TestResponseGoesToWhoAsked(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	other := NewSTUNMux(panics.Guard{}, nowhere, nil, m.Pacer)
	asked := muxConn(t, m, "asked", net.IPv4zero)
	silent := muxConn(t, m, "silent", net.IPv4zero)
	asked.checks.Prefer(peerIPv4)
	check := request("peer:asked")
	asked.WriteTo(check, net.UDPAddrFromAddrPort(peerIPv4))
	m.Deliver(response(stun.NewTransactionID(), peerIPv4), peerIPv4)                      // to nothing
	m.Deliver(response(idOf(check), peerIPv4), netip.AddrPortFrom(peerIPv4.Addr(), 1001)) // of somebody else
	other.Deliver(response(idOf(check), peerIPv4), peerIPv4)                              // on another base
	if len(asked.packets) != 0 {
		t.Error("a response that is none")
	}
	m.Deliver(response(idOf(check), peerIPv4), peerIPv4)
	m.Deliver(response(idOf(check), peerIPv4), peerIPv4) // again
	if len(asked.packets) != 1 || len(silent.packets) != 0 {
		t.Errorf("%d and %d packets", len(asked.packets), len(silent.packets))
	}
}

// TestMappedAddressesAreOne: an IPv4 address comes from a socket of both
// families as one inside IPv6.
func TestMappedAddressesAreOne(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	c := muxConn(t, m, "a", net.IPv4zero)
	c.checks.Prefer(peerIPv4)
	check := request("peer:a")
	c.WriteTo(check, &net.UDPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 1000})
	m.Deliver(response(idOf(check), peerIPv4), hosts.AddrPort(&net.UDPAddr{IP: net.ParseIP("192.0.2.1").To16(), Port: 1000}))
	if len(c.packets) != 1 {
		t.Error("the answer is lost")
	}
}

func TestDeliverNeverBlocks(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	c := muxConn(t, m, "full", net.IPv4zero)
	for range 10 * cap(c.packets) {
		m.Deliver(request("full:peer"), peerIPv4)
	}
	if len(c.packets) != cap(c.packets) {
		t.Errorf("%d packets of %d", len(c.packets), cap(c.packets))
	}
	other := muxConn(t, m, "other", net.IPv4zero)
	m.Deliver(request("other:peer"), peerIPv4)
	if len(other.packets) != 1 {
		t.Error("a full queue holds up another")
	}
}

func TestDeliverCopies(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	c := muxConn(t, m, "a", net.IPv4zero)
	p := request("a:peer")
	want := string(p)
	m.Deliver(p, peerIPv4)
	clear(p)
	if packet := <-c.packets; string(packet.bytes) != want {
		t.Error("the packet has changed")
	}
}

func TestMuxConnBelongsToItsUfrag(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	c := muxConn(t, m, "a", net.IPv4zero)
	if muxConn(t, m, "a", net.IPv4(127, 0, 0, 1)) != c {
		t.Error("two conns for one agent and family")
	}
	c6 := muxConn(t, m, "a", net.IPv6zero)
	other := muxConn(t, m, "b", net.IPv4zero)
	m.RemoveConnByUfrag("a")
	for _, gone := range []*stunMuxConn{c, c6} {
		if _, _, err := gone.ReadFrom(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after the end: %v", err)
		}
		gone.Close() // again
	}
	if len(m.conns) != 1 || m.conns[other.key] != other {
		t.Errorf("%d conns are left", len(m.conns))
	}
	if muxConn(t, m, "a", net.IPv4zero) == c {
		t.Error("a closed conn came back")
	}
}

func TestAgentRemembersABoundedNumberOfPeers(t *testing.T) {
	m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
	c := muxConn(t, m, "a", net.IPv4zero)
	taken := 0
	for port := range uint16(10 * maxAddresses) {
		from := netip.AddrPortFrom(peerIPv4.Addr(), port+1)
		m.Deliver(request("a:peer"), from)
		for ; len(c.packets) > 0; taken++ {
			<-c.packets
		}
		c.WriteTo(request("peer:a"), net.UDPAddrFromAddrPort(from))
	}
	if taken != maxAddresses || len(c.targets) > 2*maxAddresses {
		t.Errorf("checks were taken from %d addresses, and %d are checked", taken, len(c.targets))
	}
	m.Deliver(request("a:peer"), netip.AddrPortFrom(peerIPv4.Addr(), 1)) // one that is known
	if len(c.packets) != 1 {
		t.Error("the first one is forgotten")
	}
}

func TestMappedAddress(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		want := netip.MustParseAddrPort("203.0.113.9:4711")
		var m *STUNMux
		sent := 0
		m = NewSTUNMux(panics.Guard{}, func(p []byte, to netip.AddrPort) error {
			if sent++; sent == 3 { // the first two are lost
				message := &stun.Message{Raw: append([]byte(nil), p...)}
				if err := message.Decode(); err != nil || to != peerIPv4 {
					t.Errorf("sent %x to %v: %v", p, to, err)
				}
				m.Deliver(response(message.TransactionID, want), peerIPv4)
			}
			return nil
		}, nil, NewPacer(panics.Guard{}))
		got, err := m.MappedAddress(t.Context(), []netip.AddrPort{peerIPv4}, false)
		if err != nil || got != want {
			t.Errorf("%v, %v", got, err)
		}
		if len(m.transactions) != 0 {
			t.Error("the transaction is still there")
		}
	})
}

func TestMappedAddressGivesUp(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		sent := 0
		m := NewSTUNMux(panics.Guard{}, func([]byte, netip.AddrPort) error { sent++; return nil }, nil, NewPacer(panics.Guard{}))
		d := bubble.Took(func() {
			if _, err := m.MappedAddress(t.Context(), []netip.AddrPort{peerIPv4}, false); err != ErrSTUNTimeout {
				t.Errorf("error %v", err)
			}
		})
		// 100, 200, 400, 800, 1600 and 1600 ms
		if d != 4700*time.Millisecond || sent != stunRequests || len(m.transactions) != 0 {
			t.Errorf("took %v, %d requests, %d transactions left", d, sent, len(m.transactions))
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if d := bubble.Took(func() { m.MappedAddress(ctx, []netip.AddrPort{peerIPv4}, false) }); d != time.Millisecond {
			t.Errorf("a cancelled one took %v", d)
		}
		synctest.Wait()
	})
}

func TestWhatIsSTUN(t *testing.T) {
	for first, want := range map[byte]bool{0x00: true, 0x01: true, 0x3f: true, 0x40: false, 0x80: false, 0xc0: false, 0xff: false} {
		if isSTUN([]byte{first}) != want {
			t.Errorf("first byte %#x: %v", first, !want)
		}
	}
	if isSTUN(nil) {
		t.Error("an empty packet is STUN")
	}
}

func FuzzSTUNMux(f *testing.F) {
	id := [stun.TransactionIDSize]byte{1, 2, 3}
	f.Add(request("ufrag:peer"))
	f.Add(response(id, peerIPv4))
	f.Add(stun.MustBuild(stun.NewTransactionIDSetter(id), stun.BindingError, stun.CodeStaleNonce).Raw)
	f.Add(request("")[:20])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		m := NewSTUNMux(panics.Guard{}, nowhere, nil, NewPacer(panics.Guard{}))
		c := muxConn(t, m, "ufrag", net.IPv4zero)
		c.checks.Prefer(peerIPv4)
		c.WriteTo(stun.MustBuild(stun.NewTransactionIDSetter(id), stun.BindingRequest).Raw, net.UDPAddrFromAddrPort(peerIPv4))
		answer := make(chan *stun.Message, 1)
		m.transactions[id] = answer
		for range 2 {
			m.Deliver(p, peerIPv4)
			m.Deliver(p, peerIPv6)
		}
		if len(c.packets) > 2 {
			t.Errorf("%d packets of two", len(c.packets))
		}
		select {
		case message := <-answer:
			if address, err := xorMapped(message); err == nil && !address.IsValid() {
				t.Errorf("address %v", address)
			}
		default:
		}
		// The mux still works.
		m.Deliver(request("ufrag:peer"), peerIPv4)
		if len(c.packets) == 0 {
			t.Error("a request is lost")
		}
		for len(c.packets) > 0 {
			buffer := make([]byte, 10)
			if n, from, err := c.ReadFrom(buffer); err != nil || n > len(buffer) || fmt.Sprint(from) != peerIPv4.String() {
				t.Errorf("%d bytes from %v, %v", n, from, err)
			}
		}
	})
}
