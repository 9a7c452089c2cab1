package signal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func testGate(t testing.TB, name string, known ...string) *gate {
	t.Helper()
	g, err := newGate(keyOf(name), func(from string) bool {
		for _, friend := range known {
			if from == id(friend) {
				return true
			}
		}
		return false
	}, true, noon.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// sealed is an envelope of version 1.
func sealed(t testing.TB, m *Message, from, to string, now time.Time) []byte {
	t.Helper()
	return sealedTo(t, m, from, receiver{id: id(to)}, now)
}

// sealedHybrid is one of version 2.
func sealedHybrid(t testing.TB, m *Message, from, to string, now time.Time) []byte {
	t.Helper()
	kem, err := ident.MLKEMKey(keyOf(to))
	if err != nil {
		t.Fatal(err)
	}
	return sealedTo(t, m, from, receiver{id(to), kem}, now)
}

// eachVersion runs a test with envelopes of each.
func eachVersion(t *testing.T, test func(t *testing.T, sealed func(testing.TB, *Message, string, string, time.Time) []byte)) {
	t.Run("X25519", func(t *testing.T) { test(t, sealed) })
	t.Run("hybrid", func(t *testing.T) { test(t, sealedHybrid) })
}

func sealedTo(t testing.TB, m *Message, from string, to receiver, now time.Time) []byte {
	t.Helper()
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	e, err := seal(text, keyOf(from), to, now)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEnvelopeIsReadByItsReceiver(t *testing.T) { eachVersion(t, testReadByReceiver) }

func testReadByReceiver(t *testing.T, sealed func(testing.TB, *Message, string, string, time.Time) []byte) {
	want := offer("app", "attempt")
	e := sealed(t, want, "app", "dev", noon)
	for _, secret := range []string{want.Ufrag, want.Pwd, want.Attempt, "192.0.2.1", "offer"} {
		if bytes.Contains(e, []byte(secret)) {
			t.Errorf("%q can be read on the way", secret)
		}
	}
	if m, err := testGate(t, "dev").admit(e, noon); err != nil || !reflect.DeepEqual(m, want) {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := testGate(t, "other").admit(e, noon); !errors.Is(err, errForged) {
		t.Errorf("somebody else reads %+v, %v", m, err)
	}
}

// Whatever is changed on the way, nobody reads it.
func TestChangedEnvelopeIsNotRead(t *testing.T) { eachVersion(t, testChanged) }

func testChanged(t *testing.T, sealed func(testing.TB, *Message, string, string, time.Time) []byte) {
	e := sealed(t, offer("app", "attempt"), "app", "dev", noon)
	g := testGate(t, "dev", "app")
	now := noon
	for i := range e {
		changed := bytes.Clone(e)
		changed[i] ^= 1
		now = now.Add(time.Second) // within the limits
		if m, err := g.admit(changed, now); err == nil {
			t.Fatalf("with byte %d changed: %+v", i, m)
		}
	}
	for _, n := range []int{0, 1, minEnvelope - 1, len(e) - 1} {
		if m, err := g.admit(e[:n], now.Add(time.Minute)); err == nil {
			t.Errorf("%d bytes of it: %+v", n, m)
		}
	}
	if m, err := g.admit(make([]byte, MaxEnvelopeBytes+1), now); err == nil {
		t.Errorf("a large one: %+v", m)
	}
}

// A signature of one's own on another's text, or on a text for another receiver,
// is of no use.
func TestEnvelopeCannotBeSignedAnew(t *testing.T) { eachVersion(t, testSignedAnew) }

func testSignedAnew(t *testing.T, sealed func(testing.TB, *Message, string, string, time.Time) []byte) {
	e := sealed(t, offer("app", "attempt"), "app", "dev", noon)
	stolen := bytes.Clone(e[:len(e)-ed25519.SignatureSize])
	copy(stolen[senderAt:], keyOf("thief").Public().(ed25519.PublicKey))
	stolen = append(stolen, ed25519.Sign(keyOf("thief"), envelope(stolen).signed(keyOf("dev").Public().(ed25519.PublicKey)))...)
	if m, err := testGate(t, "dev").admit(stolen, noon); err == nil {
		t.Errorf("%+v", m)
	}
}

func TestReplayAndAge(t *testing.T) {
	g := testGate(t, "dev", "app")
	e := sealed(t, offer("app", "1"), "app", "dev", noon)
	if _, err := g.admit(e, noon); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  error
	}{{time.Second, errReplay}, {time.Hour, errReplay}, {15 * time.Hour, errStale}, {-15 * time.Hour, errStale}} {
		if _, err := g.admit(e, noon.Add(c.after)); !errors.Is(err, c.want) {
			t.Errorf("after %v: %v", c.after, err)
		}
	}
	if _, err := testGate(t, "dev").admit(e, time.Unix(0, 0)); err != nil {
		t.Errorf("a device whose clock was never set: %v", err)
	}
	if _, err := testGate(t, "dev").admit(e, noon.Add(8*time.Hour)); err != nil {
		t.Errorf("a device with a wrong time zone: %v", err)
	}
}

func TestAgeAtAnyDate(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2031, 7, 15, 0, 0, 0, 0, time.UTC), time.Date(2106, 2, 8, 0, 0, 0, 0, time.UTC),
	} {
		if _, err := testGate(t, "dev").admit(sealed(t, offer("app", "1"), "app", "dev", now), now); err != nil {
			t.Errorf("at %v: %v", now, err)
		}
		for _, made := range []time.Time{
			{}, time.Unix(0, 0), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), now.Add(-15 * time.Hour), now.Add(15 * time.Hour),
			time.UnixMilli(math.MinInt64), time.UnixMilli(-1), time.UnixMilli(math.MaxInt64),
		} {
			if _, err := testGate(t, "dev").admit(sealed(t, offer("app", "1"), "app", "dev", made), now); !errors.Is(err, errStale) {
				t.Errorf("at %v, what was made at %v: %v", now, made, err)
			}
		}
	}
}

// TestACrowdKeepsNoFriendOut: 10,000 messages of strangers a second, and a friend's.
func TestACrowdKeepsNoFriendOut(t *testing.T) {
	g := testGate(t, "dev", "friend")
	stranger := sealed(t, offer("stranger", "1"), "stranger", "dev", noon)
	read := 0
	for i := range 30_000 { // three seconds
		now := noon.Add(time.Duration(i) * 100 * time.Microsecond)
		binary.BigEndian.PutUint64(stranger[senderAt:], uint64(i)) // another one each time
		if _, err := g.admit(stranger, now); errors.Is(err, errForged) {
			read++
		}
		if i%1000 == 0 {
			if _, err := g.admit(sealed(t, offer("friend", "1"), "friend", "dev", now), now); err != nil {
				t.Fatalf("the friend, after %d: %v", i, err)
			}
		}
	}
	if most := strangerRoom + 3*strangersPerSecond + 1; read > most {
		t.Errorf("%d signatures of strangers were checked, want at most %d", read, most)
	}
	if g.unknown.Len() > maxSenders || g.read.strangers.Len() > maxStrangers || len(g.read.friends) > 1 {
		t.Errorf("%d senders are remembered, and the messages of %d and %d", g.unknown.Len(), g.read.strangers.Len(), len(g.read.friends))
	}
	g.strangers = false
	if _, err := g.admit(sealed(t, offer("stranger", "1"), "stranger", "dev", noon), noon); !errors.Is(err, errUnasked) {
		t.Errorf("who reads no strangers: %v", err)
	}
}

func TestOneSenderHasALimit(t *testing.T) {
	g := testGate(t, "dev", "app")
	e := sealed(t, offer("app", "1"), "app", "dev", noon)
	read := 0
	for range 1000 {
		if _, err := g.admit(e, noon); !errors.Is(err, errTooMany) {
			read++
		}
	}
	if read > friendBurst {
		t.Errorf("%d were read at once", read)
	}
}

// The version is a part of what is sealed: nobody makes one of the other.
func TestEnvelopeOfOneVersionIsNoneOfTheOther(t *testing.T) {
	for _, e := range [][]byte{sealed(t, offer("app", "1"), "app", "dev", noon), sealedHybrid(t, offer("app", "1"), "app", "dev", noon)} {
		for _, version := range []byte{0, classical, hybrid, 3, 0xff} {
			changed := bytes.Clone(e[:len(e)-ed25519.SignatureSize])
			changed[0] = version
			changed = append(changed, ed25519.Sign(keyOf("app"), envelope(changed).signed(keyOf("dev").Public().(ed25519.PublicKey)))...)
			_, err := testGate(t, "dev", "app").admit(changed, noon)
			if same := version == e[0]; (err == nil) != same {
				t.Errorf("version %d as %d: %v", e[0], version, err)
			}
		}
	}
}

// BenchmarkEnvelope says what each version costs; the bytes are of an offer.
func BenchmarkEnvelope(b *testing.B) {
	for name, sealed := range map[string]func(testing.TB, *Message, string, string, time.Time) []byte{"X25519": sealed, "hybrid": sealedHybrid} {
		m := offer("app", "1")
		if name == "hybrid" {
			m.MLKEM, _ = ident.MLKEMKey(keyOf("app"))
		}
		b.Run(name+"/seal", func(b *testing.B) {
			kem := []byte(nil)
			if name == "hybrid" {
				kem, _ = ident.MLKEMKey(keyOf("dev"))
			}
			to, from := receiver{id("dev"), kem}, keyOf("app")
			text, _ := m.Encode()
			for b.Loop() {
				if _, err := seal(text, from, to, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/open", func(b *testing.B) {
			e := envelope(sealed(b, m, "app", "dev", noon))
			keys, _ := newOpening(keyOf("dev"))
			own := keyOf("dev").Public().(ed25519.PublicKey)
			for b.Loop() {
				if !e.genuine(own) {
					b.Fatal("forged")
				}
				if _, err := e.open(keys); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(e)), "bytes")
		})
	}
}

// FuzzEnvelope starts from files: the fuzzer's processes must all have the same.
func FuzzEnvelope(f *testing.F) {
	genuine := make(map[string]bool)
	for _, name := range []string{"envelope", "envelope2"} {
		e, err := os.ReadFile("testdata/" + name) // of app to dev at noon
		if err != nil {
			f.Fatal(err)
		}
		if _, err := testGate(f, "dev", "app").admit(e, noon); err != nil {
			f.Fatal(err)
		}
		genuine[string(e)] = true
		f.Add(e)
		f.Add(e[:minEnvelope])
	}
	f.Add([]byte{})
	f.Add([]byte(strings.Repeat("\x01", minEnvelope)))
	f.Add([]byte(strings.Repeat("\x02", minEnvelope)))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := testGate(t, "dev", "app").admit(payload, noon)
		if err == nil && (m.From != id("app") || !genuine[string(payload)]) {
			t.Errorf("a forged one is read: %+v", m)
		}
	})
}
