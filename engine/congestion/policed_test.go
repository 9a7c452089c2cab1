package congestion_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
)

// TestPolicerIsNotFlooded: after the first second little more is sent than it lets pass, whatever the
// round trip, and later that is used.
func TestPolicerIsNotFlooded(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		burst int
		rtt   time.Duration
	}{
		{480e3, 7500, ms / 3}, {480e3, 7500, ms}, {480e3, 7500, 5 * ms}, {480e3, 15000, 20 * ms}, {480e3, 60000, 100 * ms},
		{2e6, 7500, ms}, {2e6, 15000, 40 * ms}, {10e6, 7500, ms}, {10e6, 30000, 40 * ms},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			seeds(t, 20, func(t *testing.T, seed uint64) {
				n := sim.New(seed)
				up := n.Link(sim.Link{Rate: 100e6, Delay: c.rtt / 2, Police: c.rate, PoliceBurst: c.burst})
				f := n.Flow(sim.Flow{Up: up, Down: n.Link(sim.Link{Delay: c.rtt / 2}), Control: sim.Ours, Late: ms / 2})
				first, before, most := int64(0), int64(0), 1.25*c.rate/8/1250+float64(c.burst)/1250+10 // packets
				for second := 1; second <= 30; second++ {
					n.Run(time.Duration(second) * sec)
					if sent := float64(f.Sent() - before); second > 5 && sent > most {
						t.Errorf("%.0f packets were sent in second %d, more than %.0f", sent, second, most)
					}
					before = f.Sent()
					if second == 1 {
						first = before
					}
				}
				if sent := float64(before-first) / 29 * 8 * 1250; sent > 1.15*c.rate {
					t.Errorf("%.0f bit/s were sent", sent)
				}
				atLeast(t, "use", f.Rate(8*sec, 30*sec)/c.rate, 0.9)
			})
		})
	}
}

// TestMuchRandomLossIsNoPolicer: less is sent, and the same part of it lost.
func TestMuchRandomLossIsNoPolicer(t *testing.T) {
	for _, loss := range []float64{0.25, 0.3, 0.4} {
		seeds(t, 10, func(t *testing.T, seed uint64) {
			f := path{20e6, 40 * ms, 100 * ms, loss}.bulk(seed, 30*sec)
			atLeast(t, "use", f.Rate(5*sec, 30*sec)/20e6, 0.7*(1-loss))
		})
	}
}

// TestBadRadioIsNoPolicer: for half a second nearly all is lost, at any moment. What arrives then says nothing of what the
// path carries later, with a policer or without.
func TestBadRadioIsNoPolicer(t *testing.T) {
	for _, c := range []struct {
		police, carries float64
		leak            float64
		within          time.Duration
	}{{0, 20e6, 0.05, 3 * sec}, {0, 20e6, 0.2, 3 * sec}, {5e6, 5e6, 0, 8 * sec}, {5e6, 5e6, 0.05, 8 * sec}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			seeds(t, 60, func(t *testing.T, seed uint64) {
				n := sim.New(seed)
				at := 300*ms + time.Duration(seed)*97*ms
				over := at + sec/2
				up := n.Link(sim.Link{
					Rate: 20e6, Delay: 30 * ms, QueueBytes: 3e5, Outage: [2]time.Duration{at, over}, Leak: c.leak,
					Police: c.police, PoliceBurst: 30_000,
				})
				f := n.Flow(sim.Flow{Up: up, Down: n.Link(sim.Link{Delay: 30 * ms}), Control: sim.Ours})
				n.Run(over + c.within + 2*sec)
				atLeast(t, "use", f.Rate(over+c.within, over+c.within+2*sec)/c.carries, 0.8)
			})
		})
	}
}
