package discovery

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

var (
	today = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	phone = netip.MustParseAddrPort("192.168.1.2:40000")
)

func newKey(t testing.TB) hpke.PrivateKey {
	t.Helper()
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newTestQuery(t testing.TB, device hpke.PrivateKey, now time.Time) *query {
	t.Helper()
	q, err := newQuery(device.PublicKey(), now)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestOnlyTheDeviceAnswers(t *testing.T) {
	device, other := newKey(t), newKey(t)
	q := newTestQuery(t, device, today)
	if got := NewResponder(other).Answer(q.packet, phone, today); got != nil {
		t.Errorf("another device answers %x", got)
	}
	answer := NewResponder(device).Answer(q.packet, phone, today)
	if !q.proven(answer) {
		t.Errorf("the answer %x is not proven", answer)
	}
	if len(answer) >= len(q.packet) {
		t.Errorf("an answer of %d bytes to a query of %d", len(answer), len(q.packet))
	}
	if newTestQuery(t, device, today).proven(answer) {
		t.Error("an answer is good for another query too")
	}
	for i := range answer {
		forged := bytes.Clone(answer)
		forged[i] ^= 1
		if q.proven(forged) {
			t.Errorf("byte %d does not matter", i)
		}
	}
}

func TestDamagedQueryIsNotAnswered(t *testing.T) {
	device := newKey(t)
	q := newTestQuery(t, device, today)
	for i := range q.packet {
		damaged := bytes.Clone(q.packet)
		damaged[i] ^= 0x40
		if got := NewResponder(device).Answer(damaged, phone, today); got != nil {
			t.Errorf("with byte %d changed the answer is %x", i, got)
		}
	}
	for _, packet := range [][]byte{nil, {kindQuery}, q.packet[:querySize-1], append(bytes.Clone(q.packet), 0)} {
		if got := NewResponder(device).Answer(packet, phone, today); got != nil {
			t.Errorf("%d bytes are answered with %x", len(packet), got)
		}
	}
}

// A query is repeated while its search lasts, from several addresses; recorded and
// sent again later, it tells nothing.
func TestRecordedQueryIsNotAnswered(t *testing.T) {
	device := newKey(t)
	q := newTestQuery(t, device, today)
	r := NewResponder(device)
	answers := func(after time.Duration, from string) bool {
		return r.Answer(q.packet, netip.MustParseAddrPort(from), today.Add(after)) != nil
	}
	for _, c := range []struct {
		after time.Duration
		from  string
		want  bool
	}{
		{0, "192.168.1.2:40000", true},
		{time.Millisecond, "192.168.1.2:40000", false}, // by multicast what has come by broadcast
		{time.Millisecond, "192.168.7.2:40000", true},  // another interface
		{50 * time.Millisecond, "192.168.1.2:40000", true},
		{19 * time.Second, "192.168.1.2:40000", true},
		{repeatFor + 1, "192.168.1.2:40000", false},
		{repeatFor + 1, "192.168.1.9:40000", false},
		{time.Hour, "192.168.1.2:40000", false},
		{24 * time.Hour, "192.168.1.2:40000", false},
	} {
		if got := answers(c.after, c.from); got != c.want {
			t.Errorf("after %v from %v: %v", c.after, c.from, got)
		}
	}
	// A device that was started anew has forgotten the query, but not the day.
	r = NewResponder(device)
	if answers(24*time.Hour, "192.168.1.2:40000") {
		t.Error("the next day, after a restart, it is answered again")
	}
}

func TestClocksMayDiffer(t *testing.T) {
	device := newKey(t)
	for clock, want := range map[time.Time]bool{
		today.Add(-12 * time.Hour):  true, // a wrong time zone
		today.Add(12 * time.Hour):   true,
		today.Add(15 * time.Hour):   false,
		today.Add(-15 * time.Hour):  false,
		time.Unix(0, 0):             true, // never set
		time.Unix(1_700_000_000, 0): true, // the time at which its firmware was made
	} {
		q := newTestQuery(t, device, today)
		if got := NewResponder(device).Answer(q.packet, phone, clock) != nil; got != want {
			t.Errorf("device's clock %v: answered %v", clock, got)
		}
	}
}

// Whatever is sent, what a responder remembers and does stays within bounds.
func TestFloodStaysWithinBounds(t *testing.T) {
	device := newKey(t)
	r := NewResponder(device)
	packet := make([]byte, querySize)
	now := today
	for i := range 20_000 { // two seconds of it, each from another address
		rand.Read(packet)
		packet[0] = kindQuery
		ip := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		now = now.Add(100 * time.Microsecond)
		if got := r.Answer(packet, netip.AddrPortFrom(ip, 1), now); got != nil {
			t.Fatalf("noise is answered with %x", got)
		}
	}
	if r.others.Len() > maxOthers || r.askers.Len() > maxAskers || r.mine.Len() > 0 {
		t.Errorf("%d others, %d askers, %d of its own", r.others.Len(), r.askers.Len(), r.mine.Len())
	}

	// One asker cannot use up what is there for all.
	r = NewResponder(device)
	for range 1000 {
		rand.Read(packet)
		packet[0] = kindQuery
		r.Answer(packet, phone, now)
	}
	q := newTestQuery(t, device, now)
	if r.Answer(q.packet, phone, now) != nil {
		t.Error("who floods is answered all the same")
	}
	if r.Answer(q.packet, netip.MustParseAddrPort("192.168.1.3:1"), now) == nil {
		t.Error("a flood from one address keeps another out")
	}

	// Nor do many right queries make it remember without end.
	r = NewResponder(device)
	for i := range maxMine + 100 {
		q := newTestQuery(t, device, now)
		now = now.Add(time.Second)
		if r.Answer(q.packet, phone, now) == nil {
			t.Fatalf("query %d is not answered", i)
		}
	}
	if r.mine.Len() > maxMine {
		t.Errorf("%d queries are remembered", r.mine.Len())
	}
}

func FuzzResponder(f *testing.F) {
	device := newKey(f)
	f.Add(newTestQuery(f, device, today).packet, int64(0))
	f.Add([]byte{kindAnswer}, int64(1))
	f.Add([]byte{}, int64(-1))
	r := NewResponder(device)
	f.Fuzz(func(t *testing.T, packet []byte, after int64) {
		answer := r.Answer(packet, phone, today.Add(time.Duration(after)))
		if answer != nil && !isAnswer(answer) {
			t.Errorf("the answer is %x", answer)
		}
		if q := newTestQuery(t, device, today); q.proven(packet) {
			t.Errorf("%x is proven", packet)
		}
	})
}

func TestQueryHidesTheTime(t *testing.T) {
	q := newTestQuery(t, newKey(t), today)
	if bytes.Contains(q.packet, binary.BigEndian.AppendUint64(nil, uint64(today.Unix()))[4:]) {
		t.Error("the time is in the clear")
	}
}
