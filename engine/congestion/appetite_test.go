package congestion_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
)

// TestWhoFollowsTheEstimateFindsMore: a camera that produces 0.85 of the estimate, at once or
// after the link has become four times as fast, and pads little for it.
func TestWhoFollowsTheEstimateFindsMore(t *testing.T) {
	for _, c := range []struct {
		rate float64
		rtt  time.Duration
		loss float64
	}{{1e6, 40 * ms, 0}, {1e6, 40 * ms, 0.02}, {1e6, 150 * ms, 0}, {5e6, 20 * ms, 0}, {2e6, 80 * ms, 0.01}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			seeds(t, 20, func(t *testing.T, seed uint64) {
				n := sim.New(seed)
				at := 10*sec + time.Duration(seed)*170*ms
				up := n.Link(sim.Link{Rate: c.rate, Delay: c.rtt / 2, Queue: 500 * ms, Loss: c.loss, Steps: []sim.Step{{At: at, Rate: 4 * c.rate}}})
				var f *sim.Flow
				f = n.Flow(sim.Flow{Up: up, Down: n.Link(sim.Link{Delay: c.rtt / 2, Loss: c.loss}), Control: sim.Ours, Late: ms / 2,
					App: sim.App{Camera: 300e3, KeyFrame: 1, Encoder: func() float64 { return max(300e3, 0.85*float64(controller(f).Bandwidth())) }}})
				n.Run(at + 20*sec)
				atLeast(t, "use before", f.Rate(5*sec, at)/c.rate, 0.7)
				atMost(t, "time to 60 %", f.Reaches(0.6*4*c.rate, at), max(2*sec, 20*c.rtt))
				atLeast(t, "use after", f.Rate(at+3*sec, at+20*sec)/(4*c.rate), 0.7)
				atMost(t, "queue", f.Queue(0.95, 5*sec, at), 65*ms)
				atMost(t, "queue after", f.Queue(0.95, at+2*sec, at+20*sec), 40*ms)
				if part := float64(f.Padding()) / float64(f.Sent()*1250); part > 0.1 {
					t.Errorf("%.3f of all bytes are padding", part)
				}
			})
		})
	}
}

// TestNobodyPadsForWhatNobodyWants: on a link that is a thousand times as fast as a camera, little more than it sends
// is sent.
func TestNobodyPadsForWhatNobodyWants(t *testing.T) {
	for _, rtt := range []time.Duration{5 * ms, 40 * ms, 200 * ms} {
		seeds(t, 10, func(t *testing.T, seed uint64) {
			n, up, down := path{1e9, rtt, 100 * ms, 0}.open(seed)
			f := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, Late: ms / 2, App: sim.App{Camera: 1e6, KeyFrame: 20e3}})
			n.Run(30 * sec)
			if padded := float64(f.Padding()) * 8 / 30; padded > 0.2e6 {
				t.Errorf("round trip %v: %.0f bit/s of padding", rtt, padded)
			}
		})
	}
}
