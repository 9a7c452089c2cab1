package congestion_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
	"github.com/thingp2p/libthingp2p/engine/congestion/sim"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// seeds runs a law with so many seeds, or with so many times as many as THINGP2P_SEEDS says. Without that it is half of
// them: the same code does the same with the same seed, and all are run at night.
func seeds(t *testing.T, n int, law func(t *testing.T, seed uint64)) {
	t.Helper()
	if times, err := strconv.Atoi(os.Getenv("THINGP2P_SEEDS")); err == nil {
		n *= times
	} else {
		n = (n + 1) / 2
	}
	for seed := range uint64(n) {
		law(t, seed)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// path is a link of the given rate in bit/s with a queue, and loss each way.
type path struct {
	rate       float64
	rtt, queue time.Duration
	loss       float64
}

func (p path) open(seed uint64) (*sim.Network, *sim.Link, *sim.Link) {
	n := sim.New(seed)
	return n,
		n.Link(sim.Link{Rate: p.rate, Delay: p.rtt / 2, Queue: p.queue, Loss: p.loss}),
		n.Link(sim.Link{Delay: p.rtt / 2, Loss: p.loss})
}

// bulk is a run of one bulk transfer over p.
func (p path) bulk(seed uint64, length time.Duration) *sim.Flow {
	n, up, down := p.open(seed)
	f := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours, Late: ms / 2})
	n.Run(length)
	return f
}

func controller(f *sim.Flow) *congestion.Controller { return f.C.(*congestion.Controller) }

func atLeast(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want {
		t.Errorf("%s is %.3f, less than %.3f", what, got, want)
	}
}

func atMost(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got > want || got < 0 {
		t.Errorf("%s is %v, more than %v", what, got, want)
	}
}
