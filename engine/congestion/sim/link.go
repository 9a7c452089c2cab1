package sim

import (
	"math/rand/v2"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/trace"
)

// Link is one direction of a path: loss, a policer, a drop-tail queue before a
// rate, then a delay. What is zero is absent. Flows may share one.
type Link struct {
	Rate       float64       // bit/s
	Trace      *trace.Trace  // instead of Rate
	Offset     time.Duration // where in Trace the link begins
	Delay      time.Duration // propagation
	Queue      time.Duration // length of the queue at Rate, or Trace's mean; with one of them, 100 ms if both are zero
	QueueBytes int           // instead of Queue

	Loss  float64 // independent, of each packet
	Burst *Burst  // loss in bursts

	Jitter       time.Duration // uniform, in order
	Reorder      float64       // this part of the packets is late by ReorderDelay
	ReorderDelay time.Duration
	Aggregate    time.Duration // deliver only each so often, as Wi-Fi does

	Police      float64 // bit/s of a token bucket without a queue
	PoliceBurst int     // its size, bytes

	Steps  []Step           // later rates, in order
	Outage [2]time.Duration // from and to: all is lost
	Leak   float64          // but this part

	random   *rand.Rand
	wire     *trace.Wire // of Trace
	busy     int64       // when the queue will be empty, ns
	last     int64       // departure of the last packet, ns
	arrival  int64       // of the last packet, ns
	tokens   float64
	tokensAt int64
	bad      bool // the state of Burst

	dropped int64
}

// Step changes a link's rate at a time since the start.
type Step struct {
	At   time.Duration
	Rate float64
}

// Burst is the model of Gilbert and Elliott: a good state without loss and a
// bad one with Loss; Enter and Leave are the chances of a change per packet.
type Burst struct{ Enter, Leave, Loss float64 }

// Link adds a link to the network.
func (n *Network) Link(l Link) *Link {
	l.random = rand.New(rand.NewPCG(n.random.Uint64(), 1))
	rate := l.Rate
	if l.Trace != nil {
		l.wire = l.Trace.Wire(time.Duration(epoch), l.Offset)
		rate = l.Trace.Rate()
	}
	if rate > 0 && l.QueueBytes == 0 {
		if l.Queue == 0 {
			l.Queue = 100 * time.Millisecond
		}
		l.QueueBytes = int(rate / 8 * l.Queue.Seconds())
	}
	l.tokens, l.tokensAt = float64(l.PoliceBurst), epoch
	n.links = append(n.links, &l)
	for i, s := range l.Steps {
		n.at(epoch+int64(s.At), linkStep, nil, int64(len(n.links)-1)<<32|int64(i))
	}
	return &l
}

// step changes the rate. What was queued leaves as it was going to.
func (l *Link) step(now int64, i int) {
	rate := l.Steps[i].Rate
	l.busy = now + int64(float64(max(0, l.busy-now))*l.Rate/rate)
	l.Rate = rate
}

// send gives the time at which a packet arrives, and how long it was queued.
func (l *Link) send(now int64, size int) (arrival, queued int64, ok bool) {
	if !l.survives(now, size) {
		l.dropped++
		return 0, 0, false
	}
	leaves := now
	if l.wire != nil {
		at := time.Duration(now)
		queued = max(0, l.busy-now)
		if l.wire.Waiting(at)+size > l.QueueBytes {
			l.dropped++
			return 0, queued, false
		}
		leaves = int64(l.wire.Send(at, size))
		l.busy, l.last = leaves, leaves
	} else if l.Rate > 0 {
		l.busy = max(l.busy, now)
		if backlog := float64(l.busy-now) * l.Rate / 8e9; backlog+float64(size) > float64(l.QueueBytes) {
			l.dropped++
			return 0, l.busy - now, false
		}
		queued = l.busy - now
		l.busy += int64(float64(size) * 8e9 / l.Rate)
		leaves = max(l.busy, l.last)
		l.last = leaves
	}
	arrival = leaves + int64(l.Delay)
	if l.Reorder > 0 && l.random.Float64() < l.Reorder {
		return arrival + int64(l.ReorderDelay), queued, true
	}
	if l.Jitter > 0 {
		arrival += int64(l.random.Float64() * float64(l.Jitter))
	}
	if l.Aggregate > 0 {
		slot := int64(l.Aggregate)
		arrival = (arrival + slot - 1) / slot * slot
	}
	arrival = max(arrival, l.arrival)
	l.arrival = arrival
	return arrival, queued, true
}

func (l *Link) survives(now int64, size int) bool {
	if at := time.Duration(now - epoch); at >= l.Outage[0] && at < l.Outage[1] {
		return l.Leak > 0 && l.random.Float64() < l.Leak
	}
	if l.Loss > 0 && l.random.Float64() < l.Loss {
		return false
	}
	if b := l.Burst; b != nil {
		change := b.Enter
		if l.bad {
			change = b.Leave
		}
		if l.random.Float64() < change {
			l.bad = !l.bad
		}
		if l.bad && l.random.Float64() < b.Loss {
			return false
		}
	}
	if l.Police > 0 {
		l.tokens = min(float64(l.PoliceBurst), l.tokens+float64(now-l.tokensAt)*l.Police/8e9)
		l.tokensAt = now
		if l.tokens < float64(size) {
			return false
		}
		l.tokens -= float64(size)
	}
	return true
}
