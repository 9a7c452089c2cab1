package congestion_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
)

// A command never waits behind bulk: base round trip and 25 ms, with at least
// 3.5 of 4 Mbit/s for the bulk.
func TestCommandBesideBulk(t *testing.T) {
	for _, loss := range []float64{0, 0.02} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			t.Parallel()
			p := path{4e6, 40 * ms, 500 * ms, loss}
			seeds(t, 30, func(t *testing.T, seed uint64) {
				n, up, down := p.open(seed)
				f := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, CommandEvery: 20 * ms, Late: ms / 2})
				n.Run(22 * sec)
				atMost(t, "command", f.Command(0.95, 2*sec, 22*sec), p.rtt+25*ms)
				atLeast(t, "bulk", f.Rate(2*sec, 22*sec), 3.5e6)
			})
		})
	}
}

// A camera's frames leave as fast as the link allows, and commands beside them.
func TestCamera(t *testing.T) {
	for _, loss := range []float64{0, 0.02, 0.05} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			t.Parallel()
			p := path{4e6, 40 * ms, 500 * ms, loss}
			seeds(t, 20, func(t *testing.T, seed uint64) {
				n, up, down := p.open(seed)
				f := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, CommandEvery: 20 * ms,
					App: sim.App{Camera: 2e6, KeyFrame: 100e3}})
				n.Run(22 * sec)
				// What is lost comes a round trip later.
				atMost(t, "command", f.Command(0.95-loss, 2*sec, 22*sec), p.rtt+30*ms)
				atMost(t, "median frame", f.Frames(0.5), 120*ms)
				// A key frame takes 220 ms at 4 Mbit/s.
				atMost(t, "frame", f.Frames(0.95), 350*ms)
				if b := controller(f).Bandwidth(); b < 3e6 || b > 5e6 {
					t.Errorf("the estimate of a 4 Mbit/s link is %.2f Mbit/s", float64(b)/1e6)
				}
			})
		})
	}
}

// shares runs two flows, one of which came first, and gives what ours and the
// other got from 10 s after the second came. Half of those knew the
// path before, from a handshake 5 s earlier.
func shares(seed uint64, queue time.Duration, other func(ctime, int) sim.Controller, weFirst bool) (us, them *sim.Flow, ours, theirs float64) {
	n, up, down := path{20e6, 80 * ms, queue, 0}.open(seed)
	second := 5*sec + time.Duration(seed)*130*ms
	a := sim.Flow{Up: up, Down: down, Control: sim.Ours, Late: ms / 2}
	b := sim.Flow{Up: up, Down: down, Control: other, Late: ms / 2}
	later := &b
	if !weFirst {
		later = &a
	}
	later.Start = second
	if seed%2 == 1 {
		later.App.Quiet = 5 * sec
		later.Start -= 5 * sec
	}
	us, them = n.Flow(a), n.Flow(b)
	n.Run(second + 50*sec)
	return us, them, us.Rate(second+10*sec, second+50*sec), them.Rate(second+10*sec, second+50*sec)
}

// Two of ours share within 40:60 ten seconds after the second came.
func TestShareWithOurselves(t *testing.T) {
	for _, queue := range []time.Duration{50 * ms, 100 * ms, 300 * ms, sec} {
		t.Run(fmt.Sprint(queue), func(t *testing.T) {
			t.Parallel()
			seeds(t, 10, func(t *testing.T, seed uint64) {
				a, _, one, two := shares(seed, queue, sim.Ours, seed%4 < 2)
				atLeast(t, "one's share", one/(one+two), 0.4)
				atLeast(t, "the other's share", two/(one+two), 0.4)
				atLeast(t, "use", (one+two)/20e6, 0.95)
				atMost(t, "queue", a.Queue(0.95, 20*sec, 50*sec), 30*ms)
			})
		})
	}
}

// Several of ours that come one after another share: nobody has less than half of an even share, and none takes the
// others for a rival that keeps the queue full.
func TestManyOfOurs(t *testing.T) {
	for rate, count := range map[float64]int{20e6: 6, 100e6: 2} { // five times as many packets
		for _, flows := range []int{3, 4, 6} {
			for _, p := range []path{{rate, 20 * ms, 50 * ms, 0}, {rate, 40 * ms, 100 * ms, 0}, {rate, 80 * ms, 300 * ms, 0}} {
				t.Run(fmt.Sprint(rate/1e6, flows, p.rtt), func(t *testing.T) {
					t.Parallel()
					seeds(t, count, func(t *testing.T, seed uint64) {
						least, use, longest := shareOut(p, flows, seed)
						atLeast(t, "part of the fair share", least, 0.5)
						atLeast(t, "use", use, 0.9)
						atMost(t, "queue", longest, min(60*ms, p.queue))
					})
				})
			}
		}
	}
}

// Ten share nearly always, and four on a slow link. Now and then many that come within a second take each other for a rival,
// and share as CUBIC does.
func TestTenOfOurs(t *testing.T) {
	for rate, flows := range map[float64]int{4e6: 4, 20e6: 10, 100e6: 10} {
		t.Run(fmt.Sprint(rate/1e6), func(t *testing.T) {
			t.Parallel()
			unfair, all := 0, uint64(10)
			for seed := range all {
				if least, _, _ := shareOut(path{rate, 40 * ms, 100 * ms, 0}, flows, seed); least < 0.5 {
					unfair++
				}
			}
			if unfair > 1 {
				t.Errorf("in %d of %d runs somebody has less than half of an even share", unfair, all)
			}
		})
	}
}

// shareOut lets flows begin in ten seconds, and tells of the time from 10 s after the last: the least part of an even share,
// how much of the link is used, and how long the queue is.
func shareOut(p path, flows int, seed uint64) (least, use float64, longest time.Duration) {
	n, up, down := p.open(seed)
	starts := rand.New(rand.NewPCG(seed, 77))
	all := make([]*sim.Flow, flows)
	for i := range all {
		start := time.Duration(starts.Float64() * float64(10*sec))
		all[i] = n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, Late: ms / 2, Start: start})
	}
	n.Run(40 * sec)
	least = 1
	for _, f := range all {
		share := f.Rate(20*sec, 40*sec) / p.rate
		least = min(least, share*float64(flows))
		use += share
		longest = max(longest, f.Queue(0.95, 20*sec, 40*sec))
	}
	return least, use, longest
}

// Beside others, neither gets less than a quarter, whoever came first; beside
// BBR, which does not share a short queue with anyone, not much less.
func TestShareWithOthers(t *testing.T) {
	for _, c := range []struct {
		name  string
		other func(ctime, int) sim.Controller
		least float64
	}{{"cubic", sim.Cubic, 0.25}, {"reno", sim.Reno, 0.25}, {"bbr", sim.BBR, 0.2}} {
		for _, queue := range []time.Duration{100 * ms, 300 * ms} {
			for _, first := range []bool{true, false} {
				t.Run(fmt.Sprint(c.name, queue, first), func(t *testing.T) {
					t.Parallel()
					seeds(t, 10, func(t *testing.T, seed uint64) {
						_, _, one, two := shares(seed, queue, c.other, first)
						atLeast(t, "our share", one/(one+two), c.least)
						atLeast(t, "their share", two/(one+two), c.least)
						atLeast(t, "use", (one+two)/20e6, 0.9)
					})
				})
			}
		}
	}
}

// When the other flow is gone, so is the queue.
func TestRivalLeaves(t *testing.T) {
	for _, queue := range []time.Duration{100 * ms, 300 * ms, sec} {
		t.Run(fmt.Sprint(queue), func(t *testing.T) {
			t.Parallel()
			seeds(t, 10, func(t *testing.T, seed uint64) {
				n, up, down := path{20e6, 80 * ms, queue, 0}.open(seed)
				a := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, Late: ms / 2})
				n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Cubic, Start: 3 * sec, Stop: 20 * sec})
				n.Run(50 * sec)
				atMost(t, "queue", a.Queue(0.95, 35*sec, 50*sec), 25*ms)
				atLeast(t, "use", a.Rate(35*sec, 50*sec)/20e6, 0.95)
			})
		})
	}
}
