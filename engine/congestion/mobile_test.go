package congestion_test

import (
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
	"github.com/thingp2p/libthingp2p/engine/lab/trace"
)

// mobile is a link that is granted, fades and stops as mobile ones do.
func mobile(t *testing.T, kind trace.Mobile, seed uint64, length time.Duration) (*sim.Network, *sim.Flow, *trace.Trace) {
	t.Helper()
	link, err := kind.Trace(seed, length)
	if err != nil {
		t.Fatal(err)
	}
	n := sim.New(seed)
	return n, n.Flow(sim.Flow{
		Up:   n.Link(sim.Link{Trace: link, Delay: 20 * ms, QueueBytes: 300_000}),
		Down: n.Link(sim.Link{Delay: 20 * ms}), Control: sim.Ours, Late: ms / 2,
	}), link
}

// TestMobileLinkIsUsed: of what a link carries that fades and stops, at least 60 % is used.
func TestMobileLinkIsUsed(t *testing.T) {
	for _, kind := range []trace.Mobile{trace.LTE, trace.UMTS} {
		seeds(t, 20, func(t *testing.T, seed uint64) {
			n, f, link := mobile(t, kind, seed, 30*sec)
			n.Run(30 * sec)
			atLeast(t, "the part used", f.Rate(5*sec, 30*sec)/link.Stats(5*sec, 30*sec).Rate, 0.6)
		})
	}
}
