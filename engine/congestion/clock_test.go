package congestion_test

import (
	"math"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

// shifted is a controller whose clock reads by more.
type shifted struct {
	*congestion.Controller
	by ctime
}

func newShifted(now, by ctime) shifted { return shifted{congestion.New(now+by, size), by} }

func (s shifted) OnSent(now ctime, pn int64, bytes, inFlight int, ackEliciting bool) {
	s.Controller.OnSent(now+s.by, pn, bytes, inFlight, ackEliciting)
}

func (s shifted) OnAcked(now ctime, pn int64, bytes, priorInFlight int) {
	s.Controller.OnAcked(now+s.by, pn, bytes, priorInFlight)
}

func (s shifted) HasPacingBudget(now ctime) bool { return s.Controller.HasPacingBudget(now + s.by) }
func (s shifted) TimeUntilSend() ctime           { return s.Controller.TimeUntilSend() - s.by }

// What a controller decides does not depend on where its clock starts: not on the
// sign of a time, not on one that happens to be zero, nor on the clock's end.
func TestAnyClock(t *testing.T) {
	// In fake time a clock is as many years off as the date is from 2000.
	const year = ctime(365 * 24 * time.Hour)
	start := newLink().now
	const steps = 30000 // 15 s
	want := make([]int64, 0, steps)
	for _, by := range []ctime{0, -start - 1, -start, 1 - start, -start - ctime(5*time.Second),
		-30 * year, -27 * year, 7 * year, 31 * year, 106 * year, 250 * year,
		math.MinInt64 - start, math.MaxInt64 - ctime(7*time.Second)} { // the last one wraps around
		l := newLink()
		l.c = newShifted(l.now, by)
		for n := range steps {
			l.step()
			if n == steps/2 {
				l.pause(2 * time.Second)
			}
			state := int64(l.now) ^ int64(l.c.Window())<<20 ^ l.c.Bandwidth() ^ int64(l.c.MinRTT())
			if by == 0 {
				want = append(want, state)
			} else if state != want[n] {
				t.Errorf("with the clock %v off it decides otherwise from step %d on", time.Duration(by), n)
				break
			}
		}
	}
}

// A clock may leap, a process may stand still: nothing overflows, and a later
// round trip is measured as it is.
func TestLeapsOfTheClock(t *testing.T) {
	for _, leap := range []time.Duration{-time.Hour, time.Minute, 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		l := newLink()
		for range 5000 {
			l.step()
		}
		l.now += ctime(leap)
		l.busy = max(l.busy, int64(l.now))
		for range 40000 {
			l.step()
		}
		if b := l.c.Bandwidth(); b < 18e6 || b > 22e6 {
			t.Errorf("after a leap by %v the bandwidth is %d bit/s, not 20 Mbit/s", leap, b)
		}
	}
	for _, times := range [][]ctime{{math.MinInt64, math.MaxInt64}, {0, math.MaxInt64}, {math.MaxInt64, math.MinInt64}, {1, math.MinInt64}} {
		c := congestion.New(times[0], size)
		for pn := range int64(1000) {
			now := times[pn/10%2]
			c.OnSent(now, pn, size, size, true)
			c.OnAcked(now, pn, size, size)
			if c.Window() < 4*size || !c.CanSend(0) || c.Bandwidth() < 0 || c.MinRTT() < 0 {
				t.Fatalf("times %v: window %d, bandwidth %d, round trip %v", times, c.Window(), c.Bandwidth(), c.MinRTT())
			}
		}
	}
}
