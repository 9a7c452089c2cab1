package congestion_test

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

type ctime = congestion.Time

// link is an ideal path for a controller alone: constant rate and round trip.
type link struct {
	c        shifted
	now      ctime
	next     int64
	flight   []struct{ pn, at int64 }
	inFlight int
	busy     int64
	marks    bool // the network marks each packet, and so each is acknowledged at once
}

const (
	size = 1250
	rtt  = int64(40 * time.Millisecond)
	gap  = int64(500 * time.Microsecond) // 20 Mbit/s
)

// step sends one packet, or lets the next ACK of two packets come.
func (l *link) step() {
	if l.c.CanSend(l.inFlight) {
		if l.c.HasPacingBudget(l.now) {
			l.inFlight += size
			l.c.OnSent(l.now, l.next, size, l.inFlight, true)
			l.busy = max(l.busy, int64(l.now)) + gap
			l.flight = append(l.flight, struct{ pn, at int64 }{l.next, l.busy + rtt})
			l.next++
			return
		}
		if at := l.c.TimeUntilSend(); len(l.flight) < 2 || int64(at) < l.flight[1].at {
			l.now = max(l.now, at)
			return
		}
	}
	prior, acked := l.inFlight, 2
	if l.marks {
		acked = 1
		l.c.OnLost(l.flight[0].pn, 0, prior)
	}
	l.now = max(l.now, ctime(l.flight[acked-1].at))
	for range acked {
		l.c.OnAcked(l.now, l.flight[0].pn, size, prior)
		l.inFlight -= size
		l.flight = l.flight[1:]
	}
	if cap(l.flight) < 1024 {
		l.flight = append(make([]struct{ pn, at int64 }, 0, 1<<16), l.flight...)
	}
}

// pause lets everything arrive and sends nothing.
func (l *link) pause(d time.Duration) {
	l.now += ctime(d)
	for l.inFlight > 0 {
		l.c.OnAcked(l.now, l.flight[0].pn, size, l.inFlight)
		l.inFlight -= size
		l.flight = l.flight[1:]
	}
}

func newLink() *link {
	return &link{c: newShifted(1e9, 0), now: 1e9}
}

func TestKnowsTheLink(t *testing.T) {
	t.Run("", func(t *testing.T) { knowsTheLink(t, newLink()) })
	t.Run("marks", func(t *testing.T) {
		l := newLink()
		l.marks = true
		knowsTheLink(t, l)
		if w := l.c.Window(); w > 1<<20 {
			t.Errorf("a window of %d bytes", w)
		}
	})
}

func knowsTheLink(t *testing.T, l *link) {
	if l.c.Bandwidth() != 0 || !l.c.InStartup() {
		t.Error("a new controller must know nothing")
	}
	for range 20000 {
		l.step()
	}
	if b := l.c.Bandwidth(); b < 19e6 || b > 21e6 {
		t.Errorf("bandwidth is %d bit/s, not 20 Mbit/s", b)
	}
	if m := l.c.MinRTT(); m < 40*time.Millisecond || m > 42*time.Millisecond {
		t.Errorf("round-trip time is %v, not 40.5 ms", m)
	}
	if l.c.InStartup() {
		t.Error("still in startup")
	}
}

// Whatever is told in whatever order, nothing panics, and the window stays open.
func TestNonsenseIsHarmless(t *testing.T) {
	c := congestion.New(0, size)
	c.OnAcked(5, 99, size, 0)
	c.OnLost(98, size, 0)
	c.OnLost(97, 0, 0)
	c.OnSent(3, 1, size, size, true)
	c.OnAcked(3, 1, size, size)
	c.OnAcked(3, 1, size, size)
	c.OnTimeout()
	for pn := range int64(100000) { // never acknowledged
		c.OnSent(ctime(pn), pn, size, size, true)
	}
	c.OnAcked(1, 50, size, size) // time goes back
	c.SetMaxDatagram(1400)
	if c.Window() < 2*1400 || !c.CanSend(0) {
		t.Errorf("window is %d", c.Window())
	}
}

// A path may begin with packets on the way that were sent before: they are no reason to think that it carries little.
func TestBeginsInMidFlight(t *testing.T) {
	c := congestion.New(1e9, size)
	c.OnSent(1e9, 1, size, 3*size, true)
	c.OnAcked(1e9+40e6, 1, size, 3*size)
	if b := c.Bandwidth(); b < size*8*25 {
		t.Errorf("%d bit/s are little for %d bytes in 40 ms", b, size)
	}
}

// At a low rate, packets leave one or two at a time.
func TestNoBursts(t *testing.T) {
	l := newLink()
	for range 20000 {
		l.step()
	}
	l.pause(500 * time.Millisecond)
	burst := 0
	for l.c.HasPacingBudget(l.now) && burst < 100 {
		l.inFlight += size
		l.c.OnSent(l.now, l.next, size, l.inFlight, true)
		l.next++
		burst++
	}
	if burst > 8 { // 2 ms at 20 Mbit/s are four packets
		t.Errorf("%d packets leave at once", burst)
	}
}

func BenchmarkPacket(b *testing.B) {
	l := newLink()
	for range 20000 {
		l.step()
	}
	l.flight = append(make([]struct{ pn, at int64 }, 0, 1<<20), l.flight...)
	b.ReportAllocs()
	b.ResetTimer()
	for sent := l.next; l.next-sent < int64(b.N); {
		l.step()
		if cap(l.flight) < 1<<12 {
			b.StopTimer()
			l.flight = append(make([]struct{ pn, at int64 }, 0, 1<<20), l.flight...)
			b.StartTimer()
		}
	}
}

func TestNoAllocation(t *testing.T) {
	l := newLink()
	for range 20000 {
		l.step()
	}
	l.flight = append(make([]struct{ pn, at int64 }, 0, 1<<20), l.flight...)
	if n := testing.AllocsPerRun(1000, func() { l.step() }); n > 0 {
		t.Errorf("%v allocations in a step", n)
	}
}
