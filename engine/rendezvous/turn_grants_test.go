package rendezvous

import (
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun"
)

func (r *relay) mustGrant(t *testing.T, peer netip.AddrPort) {
	t.Helper()
	r.lasts(time.Now().Add(time.Hour))
	if !r.grants(peer.Addr(), 0) {
		t.Fatalf("no permission for %v", peer)
	}
}

func openRelay(t *testing.T, rate int) *relay {
	t.Helper()
	table := newRelays(TURNConfig{PublicIP: netip.MustParseAddr("127.0.0.1"), RelayPorts: DefaultRelayPorts, MaxRelays: 8, MaxRelaysPerClient: 8, Rate: rate, Log: noFaults(t)})
	r, err := table.allocate(client{}, table.homes[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// A relay has so many peers and channels at a time, and room again when pion has forgotten them.
func TestGrantsAreFew(t *testing.T) {
	r := openRelay(t, DefaultRelayRate)
	r.lasts(time.Now().Add(time.Hour))
	peer := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(2 + i>>8), byte(i)}) }
	for i := range mostPeers {
		if !r.grants(peer(i), 0) {
			t.Fatalf("peer %d is refused", i)
		}
	}
	if r.grants(peer(mostPeers), 0) || !r.grants(peer(1), 0) {
		t.Error("one more peer is granted, or one that is there is not")
	}
	for channel := range uint16(mostChannels) {
		if !r.grants(peer(1), 0x4000+channel) {
			t.Fatalf("channel %d is refused", channel)
		}
	}
	if r.grants(peer(1), 0x4000+mostChannels) {
		t.Error("one more channel is granted")
	}
	for key := range r.peers.until {
		r.peers.until[key] = time.Now().Add(-time.Second)
	}
	if !r.grants(peer(mostPeers), 0) {
		t.Error("no peer is granted when all were forgotten")
	}
}

// pion ends an allocation from a timer, and must not make a permission in that moment.
func TestNothingIsGrantedAtTheEnd(t *testing.T) {
	r := openRelay(t, DefaultRelayRate)
	r.lasts(time.Now().Add(lastGrant - time.Second))
	if r.grants(netip.MustParseAddr("192.0.2.1"), 0) {
		t.Error("a permission is made just before the end")
	}
	r.lasts(time.Now().Add(lastGrant + time.Minute))
	if !r.grants(netip.MustParseAddr("192.0.2.1"), 0) {
		t.Error("none is made after a refresh")
	}
}

// Who was granted nothing uses up nothing of the owner's rate, and is counted nowhere.
func TestStrangersCostNothing(t *testing.T) {
	r := openRelay(t, 8*10_000)
	friend, err := net.ListenPacket("udp4", "127.0.0.2:0")
	if err != nil {
		t.Skip(err)
	}
	defer friend.Close()
	stranger, err := net.Dial("udp4", r.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	r.mustGrant(t, addressOf(friend.LocalAddr()))
	for range 100 {
		stranger.Write(make([]byte, 1000))
	}
	friend.WriteTo([]byte("hello"), r.LocalAddr())
	p := make([]byte, 2000)
	n, from, err := r.ReadFrom(p)
	if err != nil || string(p[:n]) != "hello" || addressOf(from) != addressOf(friend.LocalAddr()) {
		t.Errorf("%d bytes from %v, %v", n, from, err)
	}
	if sum := r.table.toClients.Load(); sum != 5 {
		t.Errorf("%d bytes count as relayed", sum)
	}
}

// The end of an allocation is what its success says, and a little before.
func TestLifetimeIsNoted(t *testing.T) {
	r := openRelay(t, DefaultRelayRate)
	d := &desk{relays: r.table, read: time.Now()}
	note := func(method stun.Method, class stun.MessageClass, seconds byte) {
		m, err := stun.Build(stun.NewType(method, class), stun.TransactionID, stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0, 0, 0, seconds}})
		if err != nil {
			t.Fatal(err)
		}
		d.noteLifetime(m.Raw)
	}
	note(stun.MethodAllocate, stun.ClassSuccessResponse, 60)
	if want := d.read.Add(time.Minute); !r.ends.Equal(want) {
		t.Errorf("until %v, want %v", r.ends, want)
	}
	note(stun.MethodRefresh, stun.ClassSuccessResponse, 90)
	note(stun.MethodRefresh, stun.ClassErrorResponse, 200)
	note(stun.MethodBinding, stun.ClassSuccessResponse, 200)
	if want := d.read.Add(90 * time.Second); !r.ends.Equal(want) {
		t.Errorf("after a refresh until %v, want %v", r.ends, want)
	}
}

// Whose relay it is: another client that sends from the holder's address, which he may only pretend, changes nothing.
func TestRelayIsItsOwners(t *testing.T) {
	r := openRelay(t, DefaultRelayRate)
	at := netip.MustParseAddrPort("192.0.2.1:1000")
	var signed atomic.Pointer[secrets]
	signed.Store(&secrets{now: "a secret of this test"})
	d := &desk{relays: r.table, secrets: &signed}
	owner, _ := Credential("a secret of this test", "owner", time.Now().Add(time.Hour))
	later, _ := Credential("a secret of this test", "owner", time.Now().Add(2*time.Hour))
	other, _ := Credential("a secret of this test", "other", time.Now().Add(time.Hour))
	held, err := r.table.allocate(client{d, at, owner}, r.table.homes[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	from := net.UDPAddrFromAddrPort(at)
	for name, ok := range map[string]bool{owner: true, later: true, other: false} {
		d.refusal = 0
		if _, got := d.authenticate(name, Realm, from); got != ok || (d.refusal == stun.CodeWrongCredentials) == ok {
			t.Errorf("%s: %v, error %d", name, got, d.refusal)
		}
	}
	held.Close()
	if _, ok := d.authenticate(other, Realm, from); !ok {
		t.Error("nobody has a relay there any more")
	}
}

func FuzzDeskMessages(f *testing.F) {
	for _, method := range []stun.Method{stun.MethodAllocate, stun.MethodChannelBind} {
		for _, class := range []stun.MessageClass{stun.ClassRequest, stun.ClassSuccessResponse} {
			f.Add(stun.MustBuild(stun.NewType(method, class), stun.TransactionID,
				stun.RawAttribute{Type: stun.AttrLifetime, Value: []byte{0, 0, 1, 0}},
				stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{0x40, 1, 0, 0}}).Raw)
		}
	}
	table := newRelays(TURNConfig{PublicIP: netip.MustParseAddr("127.0.0.1"), RelayPorts: DefaultRelayPorts, MaxRelays: 8})
	var signing atomic.Pointer[secrets]
	signing.Store(&secrets{now: testSecret, old: []string{"old"}})
	f.Fuzz(func(t *testing.T, message []byte) {
		d := &desk{relays: table, secrets: &signing, message: message}
		if d.isSigned() { // nobody guesses a key
			t.Error("signed by nobody")
		}
		d.noteLifetime(message)
		if number := d.channel(); number != 0 && !stun.IsMessage(message) {
			t.Errorf("channel %d of what is no message", number)
		}
	})
}
