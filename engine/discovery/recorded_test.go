package discovery

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

// A query comes several times, and from several addresses; recorded and sent again
// later, it tells nothing.
func TestRecordedQueryIsNotAnswered(t *testing.T) {
	device := newKey(t)
	q := newTestQuery(t, device, today)
	r := longRunning(device, today)
	for _, c := range []struct {
		after time.Duration
		from  string
		want  bool
	}{
		{0, "192.168.1.2:40000", true},
		{time.Millisecond, "192.168.1.2:40000", false}, // by multicast what has come by broadcast
		{time.Millisecond, "192.168.7.2:40000", true},  // another interface
		{600 * time.Millisecond, "192.168.1.2:40000", true},
		{repeatFor + 1, "192.168.1.2:40000", false},
		{repeatFor + 1, "192.168.1.9:40000", false},
		{time.Hour, "192.168.1.2:40000", false},
		{24 * time.Hour, "192.168.1.2:40000", false},
	} {
		if got := r.Answer(q.packet, netip.MustParseAddrPort(c.from), today.Add(c.after)) != nil; got != c.want {
			t.Errorf("after %v from %v: %v", c.after, c.from, got)
		}
	}
}

// TestRecordedQueryDoesNotRecogniseADevice: who has recorded what was asked before,
// and repeats it, learns nothing of who is there now, whatever has happened since.
func TestRecordedQueryDoesNotRecogniseADevice(t *testing.T) {
	const remembered = 200 // here, to save time
	elsewhere := netip.MustParseAddrPort("198.51.100.7:5")
	device := newKey(t)
	recorded := newTestQuery(t, device, today)
	repeat := func(t *testing.T, r *Responder, now time.Time) {
		t.Helper()
		for range 3 {
			if r.Answer(recorded.packet, elsewhere, now) != nil {
				t.Error("it is answered")
			}
			now = now.Add(repeatFor)
		}
	}
	answered := func(t *testing.T, q *query, r *Responder, now time.Time) {
		t.Helper()
		if r.Answer(q.packet, phone, now) == nil {
			t.Fatal("an honest query is not answered")
		}
	}
	t.Run("after a restart", func(t *testing.T) {
		answered(t, recorded, longRunning(device, today), today)
		now := today.Add(13 * time.Hour)
		r := newTestResponder(device, now.Add(-time.Second))
		repeat(t, r, now)
		answered(t, newTestQuery(t, device, now), r, now)
	})
	t.Run("asked while it was off", func(t *testing.T) {
		now := today.Add(time.Minute)
		repeat(t, newTestResponder(device, now.Add(-time.Second)), now)
	})
	t.Run("after many others", func(t *testing.T) {
		r := longRunning(device, today)
		r.taken.Most = remembered
		answered(t, recorded, r, today)
		now := today
		for range remembered + 100 {
			now = now.Add(time.Second)
			answered(t, newTestQuery(t, device, now), r, now)
		}
		if r.taken.Len() > remembered {
			t.Errorf("%d queries are remembered", r.taken.Len())
		}
		repeat(t, r, now)
	})
	// Nor can somebody who knows the device, and whose clock is ahead, make it
	// forget, or deaf.
	t.Run("after many of tomorrow", func(t *testing.T) {
		r := longRunning(device, today)
		r.taken.Most = remembered
		answered(t, recorded, r, today)
		now := today
		for range remembered + 100 {
			now = now.Add(100 * time.Millisecond)
			r.Answer(newTestQuery(t, device, now.Add(13*time.Hour)).packet, elsewhere, now)
		}
		repeat(t, r, now)
		for range 3 {
			now = now.Add(time.Second)
			answered(t, newTestQuery(t, device, now), r, now)
		}
	})
	t.Run("with another mark", func(t *testing.T) {
		marked := bytes.Clone(recorded.packet)
		marked[markAt] ^= 1
		if longRunning(device, today).Answer(marked, phone, today) != nil {
			t.Error("it is answered")
		}
	})
}

// TestClockBehindThatOfADeviceThatHasStarted: all that it costs is that what an app
// asks is not answered until the device is there for as long as the clocks differ.
func TestClockBehindThatOfADeviceThatHasStarted(t *testing.T) {
	device := newKey(t)
	r := newTestResponder(device, today)
	for _, c := range []struct {
		after, behind time.Duration
		want          bool
	}{
		{0, 0, true},
		{time.Microsecond, 0, true}, // the same millisecond
		{time.Second, time.Second, true},
		{time.Second, 2 * time.Second, false},
		{2 * time.Second, 2 * time.Second, true},
		{time.Second, -12 * time.Hour, true},
		{time.Second, 12 * time.Hour, false},
		{12 * time.Hour, 12 * time.Hour, true},
	} {
		now := today.Add(c.after)
		if got := r.Answer(newTestQuery(t, device, now.Add(-c.behind)).packet, phone, now) != nil; got != c.want {
			t.Errorf("%v after the start, %v behind: answered %v", c.after, c.behind, got)
		}
	}
}

// A device whose clock was never set cannot tell what was asked before it has
// started; it would rather be found.
func TestClockThatWasNeverSet(t *testing.T) {
	device := newKey(t)
	start := time.Unix(10, 0)
	r := newTestResponder(device, start)
	for _, made := range []time.Time{today, start, start.Add(-time.Second)} {
		if r.Answer(newTestQuery(t, device, made).packet, phone, start.Add(time.Minute)) == nil {
			t.Errorf("what was asked at %v is not answered", made)
		}
	}
}
