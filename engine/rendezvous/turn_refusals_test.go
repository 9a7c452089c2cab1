package rendezvous

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun"
)

// Relays of both families, and what is said to who asks for what is not there: RFC 8656, sections 7.2, 10.2 and 12.2.
func TestAddressFamilies(t *testing.T) {
	public6 := netip.MustParseAddr("2001:db8::77")
	peer := map[string][]byte{
		"IPv4": {0, 0x12, 0, 8, 0, 1, 0x21, 0x12 + 9, 198 ^ 0x21, 51 ^ 0x12, 100 ^ 0xa4, 1 ^ 0x42},
		"IPv6": {0, 0x12, 0, 20, 0, 2, 0x21, 0x12 + 9, // XOR with the cookie and the transaction's id, which is zero here
			0x20 ^ 0x21, 0x01 ^ 0x12, 0x0d ^ 0xa4, 0xb8 ^ 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x99},
	}
	family := func(f byte) []byte { return append([]byte{0, 0x17, 0, 4, f, 0, 0, 0}, requestedTransportUDP...) }
	for name, test := range map[string]struct {
		both     bool
		allocate []byte
		refused  stun.ErrorCode // the allocation
		at       netip.Addr
		reaches  map[string]stun.ErrorCode
	}{
		"nothing said":             {true, requestedTransportUDP, 0, documentation, map[string]stun.ErrorCode{"IPv4": 0, "IPv6": 443}},
		"IPv4":                     {true, family(1), 0, documentation, map[string]stun.ErrorCode{"IPv4": 0, "IPv6": 443}},
		"IPv6":                     {true, family(2), 0, public6, map[string]stun.ErrorCode{"IPv4": 443, "IPv6": 0}},
		"IPv4 where no other is":   {false, family(1), 0, documentation, map[string]stun.ErrorCode{"IPv4": 0, "IPv6": 443}},
		"IPv6 where there is none": {false, family(2), 440, netip.Addr{}, nil},
		"a family that is not one": {true, family(3), 440, netip.Addr{}, nil},
		"half an attribute":        {true, append([]byte{0, 0x17, 0, 1, 2, 0, 0, 0}, requestedTransportUDP...), 440, netip.Addr{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := TURNConfig{Secret: testSecret, PublicIP: documentation, Net: nowhere{}, Log: noFaults(t)}
			if test.both {
				cfg.PublicIP6 = public6
			}
			s := newFuzzed(t, cfg)
			s.signed(stun.MethodAllocate, test.allocate)
			s.expect(stun.MethodAllocate, test.refused, func(answer *stun.Message) {
				if test.refused != 0 {
					return
				}
				var relayed stun.XORMappedAddress
				if err := relayed.GetFromAs(answer, stun.AttrXORRelayedAddress); err != nil {
					t.Fatal(err)
				}
				if at, _ := netip.AddrFromSlice(relayed.IP); at.Unmap() != test.at {
					t.Errorf("the relay is at %v", at)
				}
			})
			for of, refused := range test.reaches {
				for method, more := range map[stun.Method][]byte{stun.MethodCreatePermission: nil, stun.MethodChannelBind: {0, 0xc, 0, 4, 0x40, 1, 0, 0}} {
					t.Log(of, method)
					s.signed(method, append(more, peer[of]...))
					s.expect(method, refused, nil)
				}
			}
		})
	}
}

// Why there is no relay: who has too many is told so, and who comes to a server that is about to stop where else there are
// some, if there are for his kind of address: RFC 8656, section 7.2, and RFC 8489, section 10.
func TestWhyThereIsNoRelay(t *testing.T) {
	other := netip.MustParseAddrPort("198.51.100.9:3478")
	for name, test := range map[string]struct {
		make func(s *fuzzedTURN)
		want stun.ErrorCode
	}{
		"the client has one": {func(s *fuzzedTURN) {
			one, err := s.relays.allocate(client{username: s.username.String()}, s.relays.homes[0], 0)
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Cleanup(func() { one.Close() })
		}, 486},
		"the server stops": {func(s *fuzzedTURN) { s.relays.drain() }, 508},
		"the server stops, and there is another": {func(s *fuzzedTURN) {
			s.relays.setOthers([]netip.AddrPort{netip.MustParseAddrPort("[2001:db8::9]:3478"), other})
			s.relays.drain()
		}, 300},
		"the server stops, and another is IPv6": {func(s *fuzzedTURN) {
			s.relays.setOthers([]netip.AddrPort{netip.MustParseAddrPort("[2001:db8::9]:3478")})
			s.relays.drain()
		}, 508},
	} {
		t.Run(name, func(t *testing.T) {
			s := newFuzzed(t, TURNConfig{Secret: testSecret, PublicIP: documentation, MaxRelaysPerClient: 1, Net: nowhere{}})
			test.make(s)
			s.signed(stun.MethodAllocate, requestedTransportUDP)
			s.expect(stun.MethodAllocate, test.want, func(answer *stun.Message) {
				var there stun.AlternateServer
				if err := there.GetFrom(answer); test.want == 300 && (err != nil || there.IP.String() != other.Addr().String() || there.Port != int(other.Port())) {
					t.Errorf("%v:%d, %v", there.IP, there.Port, err)
				}
				if err := s.key.Check(answer); err != nil && test.want != 508 { // which is pion's
					t.Error(err)
				}
			})
		})
	}
}

// expect looks at the answer to the holder's last request.
func (s *fuzzedTURN) expect(method stun.Method, refused stun.ErrorCode, and func(answer *stun.Message)) {
	s.t.Helper()
	s.barrier()
	for _, p := range s.taken() {
		var answer stun.Message
		if stun.Decode(p, &answer) != nil || answer.Type.Method != method {
			continue
		}
		var code stun.ErrorCodeAttribute
		if answer.Contains(stun.AttrErrorCode) {
			code.GetFrom(&answer)
		}
		if code.Code != refused || answer.Type.Class == stun.ClassErrorResponse != (refused != 0) {
			s.t.Errorf("%v: %v, error %d, want %d", method, answer.Type, code.Code, refused)
		} else if and != nil {
			and(&answer)
		}
		return
	}
	s.t.Errorf("%v: no answer", method)
}

// Datagrams go through relays of IPv6, from one to the other and back.
func TestRelaysOfIPv6(t *testing.T) {
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		c.Close()
	}
	for name, public := range map[string]netip.Addr{"own": netip.IPv6Loopback(), "translated": netip.MustParseAddr("2001:db8::77")} {
		t.Run(name, func(t *testing.T) {
			table := newRelays(TURNConfig{PublicIP: documentation, PublicIP6: public, RelayPorts: DefaultRelayPorts, MaxRelays: 8, Rate: DefaultRelayRate, Log: noFaults(t)})
			one, err := table.allocate(client{}, table.homes[1], 0)
			if err != nil {
				t.Fatal(err)
			}
			other, err := table.allocate(client{}, table.homes[1], 0)
			if err != nil {
				t.Fatal(err)
			}
			defer one.Close()
			defer other.Close()
			for _, pair := range [][2]*relay{{one, other}, {other, one}} {
				pair[1].mustGrant(t, pair[0].address)
				if _, err := pair[0].WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(pair[1].address)); err != nil {
					t.Fatal(err)
				}
				pair[1].SetReadDeadline(time.Now().Add(time.Minute))
				p := make([]byte, 10)
				if n, from, err := pair[1].ReadFrom(p); err != nil || string(p[:n]) != "hello" || addressOf(from) != pair[0].address {
					t.Errorf("%q from %v, %v", p[:n], from, err)
				}
			}
			if ipv4 := netip.AddrPortFrom(documentation, one.address.Port()); table.mayReach(ipv4) {
				t.Error("a relay's port at the server's other address is taken for the relay")
			}
		})
	}
}

func TestPublicIP6(t *testing.T) {
	for text, want := range map[string]bool{
		"2001:db8::1": true, "fd00::1": true, "2606:4700::1": true,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "ff02::1": false, "::ffff:192.0.2.1": false, "192.0.2.1": false,
	} {
		cfg := Config{PublicIP: documentation, PublicIP6: netip.MustParseAddr(text), RelayPorts: DefaultRelayPorts}
		if err := cfg.Check(); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := NewTURN(TURNConfig{PublicIP: documentation, PublicIP6: cfg.PublicIP6}); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	rules := newPeerRules([]netip.Addr{documentation, netip.MustParseAddr("2606:4700::77")}, false, nil, nil)
	own := networks("2606:4700::77/128", "2606:4700::/64")
	for peer, want := range map[string]bool{
		"2606:4700::77": true, "2606:4700::78": false, "2606:4700:0:1::78": true, "2001:db8::1": true, "fd00::1": false,
	} {
		if got := rules.allow(net.ParseIP(peer), own); got != want {
			t.Errorf("%s: %v", peer, got)
		}
	}
}
