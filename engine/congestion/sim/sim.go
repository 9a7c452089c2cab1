// Package sim is a network in fake time for the tests of package congestion:
// senders, receivers and links on one queue of events. A run with one seed is
// the same each time.
//
//	n := sim.New(seed)
//	up := n.Link(sim.Link{Rate: 20e6, Delay: 40 * time.Millisecond, Queue: 100 * time.Millisecond})
//	down := n.Link(sim.Link{Delay: 40 * time.Millisecond})
//	flow := n.Flow(sim.Flow{Up: up, Down: down, Control: sim.Ours})
//	n.Run(20 * time.Second)
//	flow.Rate(10*time.Second, 20*time.Second) // bit/s
package sim

import (
	"math/rand/v2"
	"time"
)

// Network owns the clock, the links and the flows.
type Network struct {
	now    int64 // ns since the start
	events queue
	random *rand.Rand
	flows  []*Flow
	links  []*Link

	// Packets counts what all flows sent.
	Packets int64
}

// New makes an empty network; equal seeds give equal runs.
func New(seed uint64) *Network {
	return &Network{random: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), now: epoch}
}

// epoch keeps 0 free for "never".
const epoch = int64(time.Hour)

// Now is the time since the start.
func (n *Network) Now() time.Duration { return time.Duration(n.now - epoch) }

// Run goes on until the given time since the start.
func (n *Network) Run(until time.Duration) {
	end := epoch + int64(until)
	for len(n.events.heap) > 0 && n.events.heap[0].at <= end {
		e := n.events.pop()
		n.now = e.at
		switch e.kind {
		case packetArrives:
			e.flow.receive(e.number)
		case ackArrives:
			e.flow.receiveAck(e.number)
		case receiverTimer:
			e.flow.ackTimer()
		case senderTimer:
			e.flow.timer(e.at)
		case appTimer:
			e.flow.appTick()
		case linkStep:
			n.links[e.number>>32].step(n.now, int(e.number&0xffffffff))
		}
	}
	n.now = end
}

func (n *Network) at(at int64, kind kind, flow *Flow, number int64) {
	n.events.push(event{at: at, kind: kind, flow: flow, number: number})
}
