package congestion_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
)

// A new connection finds the rate within some ten round trips.
func TestFastStart(t *testing.T) {
	for _, p := range []path{{20e6, 80 * ms, 100 * ms, 0}, {20e6, 80 * ms, 100 * ms, 0.02}, {100e6, 30 * ms, 50 * ms, 0}, {4e6, 40 * ms, 500 * ms, 0}} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			t.Parallel()
			seeds(t, 20, func(t *testing.T, seed uint64) {
				f := p.bulk(seed, 3*sec)
				atMost(t, "time to 80 %", f.Reaches(0.8*p.rate*(1-p.loss), 0), max(10*p.rtt, 200*ms))
			})
		})
	}
}

// A link that gets faster is used, one that gets slower does not keep a queue.
func TestRateSteps(t *testing.T) {
	const rtt = 60 * ms
	for _, c := range []struct{ before, after float64 }{{5e6, 10e6}, {5e6, 20e6}, {20e6, 10e6}, {20e6, 5e6}} {
		t.Run(fmt.Sprintf("%.0f to %.0f Mbit", c.before/1e6, c.after/1e6), func(t *testing.T) {
			t.Parallel()
			seeds(t, 20, func(t *testing.T, seed uint64) {
				n := sim.New(seed)
				at := 6*sec + time.Duration(seed)*17*ms
				up := n.Link(sim.Link{Rate: c.before, Delay: rtt / 2, QueueBytes: 2e6, Steps: []sim.Step{{At: at, Rate: c.after}}})
				f := n.Flow(sim.Flow{Up: up, Down: n.Link(sim.Link{Delay: rtt / 2}), Control: sim.Ours})
				n.Run(at + 6*sec)
				if c.after > c.before {
					atMost(t, "time to 80 %", f.Reaches(0.8*c.after, at), 45*rtt)
				}
				atMost(t, "queue", f.Queue(0.95, at+3*sec, at+6*sec), 25*ms)
				atLeast(t, "use", f.Rate(at+3*sec, at+6*sec)/c.after, 0.9)
			})
		})
	}
}

// After a pause, of seconds or of minutes, sending goes on at the known rate, and
// not as a burst.
func TestIdle(t *testing.T) {
	for _, off := range []time.Duration{2 * sec, 70 * sec, 10 * time.Minute} {
		t.Run(fmt.Sprint(off), func(t *testing.T) {
			t.Parallel()
			seeds(t, 10, func(t *testing.T, seed uint64) {
				p := path{20e6, 80 * ms, 300 * ms, 0}
				n, up, down := p.open(seed)
				f := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, App: sim.App{On: 4 * sec, Off: off}})
				again := 4*sec + off
				n.Run(again + 4*sec)
				atMost(t, "time to 80 %", f.Reaches(0.8*p.rate, again), 15*p.rtt)
				if off < time.Minute {
					atMost(t, "queue of the first second", f.Queue(0.95, again, again+sec), 20*ms)
				}
			})
		})
	}
}

// A second without any delivery does not stall what follows.
func TestOutage(t *testing.T) {
	seeds(t, 20, func(t *testing.T, seed uint64) {
		n := sim.New(seed)
		at := 5*sec + time.Duration(seed)*23*ms
		up := n.Link(sim.Link{Rate: 20e6, Delay: 30 * ms, QueueBytes: 3e5, Outage: [2]time.Duration{at, at + sec}})
		f := n.Flow(sim.Flow{Up: up, Down: n.Link(sim.Link{Delay: 30 * ms}), Control: sim.Ours})
		n.Run(at + 8*sec)
		atLeast(t, "use", f.Rate(at+5*sec, at+8*sec)/20e6, 0.8)
	})
}
