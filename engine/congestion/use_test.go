package congestion_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
)

// A link is used in full, whatever part of the packets it loses at random.
func TestRandomLossIsNotCongestion(t *testing.T) {
	for _, loss := range []float64{0, 0.01, 0.02, 0.05, 0.10, 0.15} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			t.Parallel()
			p := path{20e6, 80 * ms, 100 * ms, loss}
			seeds(t, 20, func(t *testing.T, seed uint64) {
				f := p.bulk(seed, 10*sec)
				atLeast(t, "use", f.Rate(2*sec, 10*sec)/p.rate, 0.93)
				atMost(t, "queue", f.Queue(0.95, 2*sec, 10*sec), 25*ms)
			})
		})
	}
}

// patient is a controller whose longest pause between two packets is known.
type patient struct {
	*congestion.Controller
	longest *time.Duration
}

func (p patient) OnSent(now ctime, pn int64, bytes, inFlight int, ackEliciting bool) {
	p.Controller.OnSent(now, pn, bytes, inFlight, ackEliciting)
	*p.longest = max(*p.longest, time.Duration(p.TimeUntilSend()-now))
}

// Where nearly half of the packets get lost each way, the few samples of an application that sends little say nothing: the next
// packet leaves soon all the same.
func TestLossDoesNotPaceToAStandstill(t *testing.T) {
	for _, loss := range []float64{0.3, 0.44, 0.55} {
		for name, app := range map[string]sim.App{"little": {Camera: 20e3}, "a camera": {Camera: 300e3}, "bulk": {}} {
			t.Run(fmt.Sprint(loss, " ", name), func(t *testing.T) {
				seeds(t, 20, func(t *testing.T, seed uint64) {
					longest := time.Duration(0)
					control := func(now ctime, size int) sim.Controller { return patient{congestion.New(now, size), &longest} }
					n, up, down := path{20e6, 40 * ms, 100 * ms, loss}.open(seed)
					n.Flow(sim.Flow{Up: up, Down: down, Control: control, Late: ms / 2, App: app})
					n.Run(30 * sec)
					atMost(t, "pause", longest, sec/2) // of two packets in 333 ms, and of two that probe after a timeout
				})
			})
		}
	}
}

// A deep buffer stays empty but for the target, at any rate and round trip.
func TestDeepBuffersStayShort(t *testing.T) {
	for _, p := range []path{
		{1e6, 40 * ms, 2 * sec, 0},
		{4e6, 40 * ms, 500 * ms, 0},
		{4e6, 40 * ms, 500 * ms, 0.02},
		{20e6, 10 * ms, 500 * ms, 0},
		{20e6, 80 * ms, 2 * sec, 0.01},
		{20e6, 300 * ms, 2 * sec, 0},
		{100e6, 20 * ms, 500 * ms, 0},
	} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			t.Parallel()
			seeds(t, int(min(20, 400e6/p.rate)), func(t *testing.T, seed uint64) {
				f := p.bulk(seed, 14*sec)
				atLeast(t, "use", f.Rate(4*sec, 14*sec)/p.rate, 0.95)
				packets := time.Duration(4 * 1250 * 8 / p.rate * 1e9)
				atMost(t, "median queue", f.Queue(0.5, 4*sec, 14*sec), max(15*ms, packets))
				atMost(t, "queue", f.Queue(0.95, 4*sec, 14*sec), max(25*ms, packets+10*ms))
			})
		})
	}
}

// A shallow buffer is no reason to lose the link, nor to lose many packets.
func TestShallowBuffers(t *testing.T) {
	for _, queue := range []time.Duration{5 * ms, 10 * ms, 20 * ms} {
		t.Run(fmt.Sprint(queue), func(t *testing.T) {
			t.Parallel()
			p := path{20e6, 80 * ms, queue, 0}
			seeds(t, 20, func(t *testing.T, seed uint64) {
				f := p.bulk(seed, 20*sec)
				atLeast(t, "use", f.Rate(2*sec, 20*sec)/p.rate, 0.9)
				atLeast(t, "part that is not lost", 1-float64(f.Lost())/float64(f.Sent()), 0.92)
			})
		})
	}
}

// What a radio link does to packets and ACKs is not congestion either.
func TestRadioLinks(t *testing.T) {
	up := sim.Link{Rate: 20e6, Delay: 40 * ms}
	down := sim.Link{Delay: 40 * ms}
	with := func(l sim.Link, change func(*sim.Link)) sim.Link { change(&l); return l }
	for _, c := range []struct {
		name     string
		up, down sim.Link
		use      float64
		queue    time.Duration
	}{
		{"bursts of loss", with(up, func(l *sim.Link) { l.Burst = &sim.Burst{Enter: 0.006, Leave: 0.2, Loss: 1} }), down, 0.9, 25 * ms},
		{"long bursts of loss", with(up, func(l *sim.Link) { l.Burst = &sim.Burst{Enter: 0.0055, Leave: 0.05, Loss: 1} }), down, 0.85, 35 * ms},
		{"jitter", with(up, func(l *sim.Link) { l.Jitter = 10 * ms }), down, 0.9, 25 * ms},
		{"much jitter", with(up, func(l *sim.Link) { l.Jitter = 30 * ms }), down, 0.4, 110 * ms},
		{"jitter of ACKs", up, with(down, func(l *sim.Link) { l.Jitter = 20 * ms }), 0.5, 50 * ms},
		{"reordering", with(up, func(l *sim.Link) { l.Reorder, l.ReorderDelay = 0.02, 10*ms }), down, 0.9, 25 * ms},
		{"a third of the ACKs lost", up, with(down, func(l *sim.Link) { l.Loss = 0.33 }), 0.9, 25 * ms},
		{"aggregated ACKs", up, with(down, func(l *sim.Link) { l.Aggregate = 10 * ms }), 0.9, 25 * ms},
		{"much aggregated ACKs", up, with(down, func(l *sim.Link) { l.Aggregate = 30 * ms }), 0.9, 50 * ms},
		{"aggregated both ways", with(up, func(l *sim.Link) { l.Aggregate = 20 * ms }), with(down, func(l *sim.Link) { l.Aggregate = 20 * ms }), 0.9, 50 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seeds(t, 20, func(t *testing.T, seed uint64) {
				n := sim.New(seed)
				f := n.Flow(sim.Flow{Up: n.Link(c.up), Down: n.Link(c.down), Control: sim.Ours, Late: ms / 2})
				n.Run(14 * sec)
				atLeast(t, "use", f.Rate(4*sec, 14*sec)/20e6, c.use)
				atMost(t, "queue", f.Queue(0.95, 4*sec, 14*sec), c.queue)
			})
		})
	}
}

// Small round trips do not starve a fast link.
func TestFastLinks(t *testing.T) {
	for _, p := range []path{{1e9, 20 * ms, 50 * ms, 0}, {1e9, 500 * time.Microsecond, 20 * ms, 0}, {3e9, 200 * time.Microsecond, 20 * ms, 0}, {300e6, ms, 50 * ms, 0}} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			t.Parallel()
			seeds(t, 1, func(t *testing.T, seed uint64) {
				f := p.bulk(seed, 2*sec)
				atLeast(t, "use", f.Rate(sec, 2*sec)/p.rate, 0.9)
				f = path{p.rate / 3, p.rtt, p.queue, 0}.bulk(seed, 25*sec)
				atLeast(t, "use after long", f.Rate(20*sec, 25*sec)/(p.rate/3), 0.9)
			})
		})
	}
}

// Behind a policer little is sent in vain.
func TestPolicer(t *testing.T) {
	for _, burst := range []int{50e3, 200e3, 1e6} {
		for _, loss := range []float64{0, 0.02} {
			t.Run(fmt.Sprint(burst, loss), func(t *testing.T) {
				t.Parallel()
				seeds(t, 10, func(t *testing.T, seed uint64) {
					n := sim.New(seed)
					up := n.Link(sim.Link{Rate: 100e6, Delay: 20 * ms, Police: 10e6, PoliceBurst: burst, Loss: loss})
					f := n.Flow(sim.Flow{Up: up, Down: n.Link(sim.Link{Delay: 20 * ms}), Control: sim.Ours})
					n.Run(30 * sec)
					atLeast(t, "use", f.Rate(5*sec, 30*sec)/10e6, 0.85)
					atLeast(t, "part that is not lost", 1-float64(f.Lost())/float64(f.Sent()), 0.8-loss)
				})
			})
		}
	}
}
