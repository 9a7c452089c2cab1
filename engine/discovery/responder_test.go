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
	q, err := newQuery(device.PublicKey(), Mark{}, now)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// newTestResponder is of a device that has started then.
func newTestResponder(device hpke.PrivateKey, started time.Time) *Responder {
	return NewResponder(device, Surroundings{Started: started})
}

// longRunning is of a device that started a day before.
func longRunning(device hpke.PrivateKey, now time.Time) *Responder {
	return newTestResponder(device, now.Add(-24*time.Hour))
}

func TestOnlyTheDeviceAnswers(t *testing.T) {
	device, other := newKey(t), newKey(t)
	q := newTestQuery(t, device, today)
	if got := longRunning(other, today).Answer(q.packet, phone, today); got != nil {
		t.Errorf("another device answers %x", got)
	}
	answer := longRunning(device, today).Answer(q.packet, phone, today)
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
		if got := longRunning(device, today).Answer(damaged, phone, today); got != nil {
			t.Errorf("with byte %d changed the answer is %x", i, got)
		}
	}
	for _, packet := range [][]byte{nil, {kindQuery}, q.packet[:querySize-1], append(bytes.Clone(q.packet), 0)} {
		if got := longRunning(device, today).Answer(packet, phone, today); got != nil {
			t.Errorf("%d bytes are answered with %x", len(packet), got)
		}
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
		if got := longRunning(device, clock).Answer(q.packet, phone, clock) != nil; got != want {
			t.Errorf("device's clock %v: answered %v", clock, got)
		}
	}
}

func FuzzResponder(f *testing.F) {
	device := newKey(f)
	f.Add(newTestQuery(f, device, today).packet, int64(0))
	f.Add([]byte{kindAnswer}, int64(1))
	f.Add([]byte{}, int64(-1))
	r := longRunning(device, today)
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
	if bytes.Contains(q.packet, binary.BigEndian.AppendUint64(nil, uint64(today.UnixMilli()))[4:]) {
		t.Error("the time is in the clear")
	}
}
