// Package congestion decides how fast a sender may send and how much it may
// have on the way, so that a bad link is used in full and no queue of more than
// some 15 ms stands before it, or a few packets on a slow one.
//
// It is of the BBR family (draft-ietf-ccwg-bbr, cited as "BBR"): a model of the
// path's bandwidth and of its round-trip time without queues, from which a
// pacing rate and a window follow. Loss says little on a radio link, and so
// does not slow it by itself. Where it departs from BBR:
//
//   - The pacing gain follows the measured queueing delay (delay.go) instead of
//     a cycle, so that the pipe is kept just full. A probe for more bandwidth
//     runs when the queue is empty, for then there may be more (probe.go).
//   - Beside a flow that keeps the queue full whatever we do, it competes as
//     CUBIC does, or BBR if that is what the other is (compete.go, cubic.go),
//     until the queue is ours alone again.
//
// The package knows nothing of QUIC, reads no clock, starts nothing and does
// not allocate in steady state. A Controller is not safe for concurrent use.
package congestion

import "time"

// state is where the controller is in the diagram of BBR, section 5.1.1; steady
// and up take the place of ProbeBW's four.
//
//	startup -> drain -> probeRTT <-> steady <-> up
//	                                 steady -> ask -> probeRTT
//	                    probeRTT -> compete <-> yield -> steady
type state uint8

const (
	startup  state = iota
	drain          // empties the queue that startup made
	steady         // holds the queueing delay at its target
	up             // looks for more bandwidth
	ask            // makes the queue long, so that all of ours drain it
	probeRTT       // empties the queue to see the path's own delay
	compete        // shares a queue that others keep full
	yield          // lets go for a moment, to see whether they still do
)

// Controller controls one path. Make one with New; a path that changed needs a
// new one.
type Controller struct {
	clock    clock
	now      instant
	datagram float64 // largest packet, bytes
	inFlight float64 // bytes
	state    state
	stateAt  instant // when the state was entered

	records   records
	delivery  delivery
	round     round
	bandwidth maxFilter
	rtt       rttFilter
	delay     delayMeter
	extra     aggregation
	loss      lossMeter
	ceiling   ceiling
	pacer     pacer
	full      fullPipe
	search    search
	rival     rival
	together  together
	asking    asking
	noise     noise
	idle      idle
	appetite  appetite

	aim    aim
	flight flight
	gain   float64 // of the pacing rate
	pace   float64 // pacing rate, byte/s; 0 before anything is known
	window float64 // bytes
}

// New makes a controller for a new path. maxDatagram is the size of the largest
// packet in bytes.
func New(now Time, maxDatagram int) *Controller {
	c := &Controller{clock: clock{start: now}, now: firstInstant, datagram: float64(maxDatagram), gain: startupGain}
	c.search.wait = firstWait
	c.rtt.init()
	c.records.init()
	c.window = initialWindow * c.datagram
	c.stateAt = c.now
	c.delivery.firstSent, c.delivery.totalAt = c.now, c.now
	return c
}

// SetMaxDatagram tells of a new size of the largest packet in bytes.
func (c *Controller) SetMaxDatagram(bytes int) {
	c.settle()
	c.datagram = float64(bytes)
}

// OnSent tells that a packet leaves. inFlight counts it already, unless it does
// not elicit an ACK, and then it is not congestion controlled.
func (c *Controller) OnSent(now Time, pn int64, bytes, inFlight int, ackEliciting bool) {
	c.settle()
	if !ackEliciting {
		return
	}
	c.now = max(c.now, c.clock.read(now))
	before := float64(inFlight - bytes)
	if before <= 0 {
		c.restart()
	}
	c.noteLimit(before)
	c.delivery.sent(&c.records, c.now, pn, bytes, before)
	c.inFlight = float64(inFlight)
	follow(&c.flight.sent, c.inFlight, c.datagram)
	if c.unpaced() {
		c.pacer.due = c.now // no debt for when pacing begins again
	} else {
		c.pacer.sent(c.now, float64(bytes), c.pace, c.burst())
	}
	c.idle.lastSent = c.now
	c.idle.closed = c.inFlight >= c.window
}

// OnAcked tells that a packet was acknowledged. Packets of one ACK come in
// ascending order with one time, after the losses that it revealed.
func (c *Controller) OnAcked(now Time, pn int64, bytes, priorInFlight int) {
	at := c.clock.read(now)
	if c.delivery.pending && at != c.delivery.at {
		c.settle()
	}
	c.now = max(c.now, at)
	if p := c.delivery.acked(&c.records, c.now, pn, float64(bytes)); p > 0 {
		follow(&c.flight.acked, p, c.datagram)
	}
	if c.inFlight = max(0, c.inFlight-float64(bytes)); c.inFlight == 0 {
		c.records.rest(c.now)
	}
}

// OnLost tells that a packet is held to be lost; with no bytes, that a packet
// was marked by the network for congestion (RFC 9002, section 7.1). Marks change
// nothing so far: the delay that comes with them does.
func (c *Controller) OnLost(pn int64, bytes, priorInFlight int) {
	c.settle()
	if bytes == 0 { // its ACK follows, and makes a sample of its record
		return
	}
	c.inFlight = max(0, c.inFlight-float64(bytes))
	c.records.take(pn)
	c.loss.lost(float64(bytes))
	if c.state == compete {
		c.cubicLoss()
	}
}

// OnTimeout tells of a probe timeout. Nothing follows from it: the packets it
// covers may still arrive, and probes are not paced (RFC 9002, section 7.5).
func (c *Controller) OnTimeout() { c.settle() }

// ForgetSent tells that what is on the way now makes no samples: its ACKs come
// late because somebody has stood still, and not for the path's sake.
func (c *Controller) ForgetSent(now Time) {
	c.settle()
	c.now = max(c.now, c.clock.read(now))
	c.delivery.forgotten, c.delivery.firstSent = c.now, c.now
}

// CanSend reports whether the window has room beside inFlight bytes.
func (c *Controller) CanSend(inFlight int) bool {
	c.settle()
	return float64(inFlight) < c.window
}

// HasPacingBudget reports whether a packet may leave now.
func (c *Controller) HasPacingBudget(now Time) bool {
	c.settle()
	return c.unpaced() || c.pacer.ready(c.clock.read(now))
}

// TimeUntilSend is when the next packet should leave; a time that has passed is
// at once.
func (c *Controller) TimeUntilSend() Time {
	c.settle()
	if c.unpaced() {
		return c.clock.tell(c.now)
	}
	return c.clock.tell(c.pacer.next(c.pace, c.datagram))
}

// Window is the congestion window in bytes.
func (c *Controller) Window() int {
	c.settle()
	return int(c.window)
}

// Bandwidth is what the path is thought to carry for this sender, in bit/s; 0
// until it is known.
func (c *Controller) Bandwidth() int64 {
	c.settle()
	return int64(c.estimate() * 8)
}

// MinRTT is the path's round-trip time without queues; 0 until it is known.
func (c *Controller) MinRTT() time.Duration { return c.minRTT() }

// InStartup reports whether the controller still looks for the bandwidth.
func (c *Controller) InStartup() bool { return c.state == startup }

// InRecovery reports whether loss slows the sender.
func (c *Controller) InRecovery() bool { return c.state == compete && c.rival.recovering }

// settle ends an ACK: it is over when anything but its next packet is told or
// asked.
func (c *Controller) settle() {
	if !c.delivery.pending {
		return
	}
	c.delivery.pending = false
	c.onAck()
}

// onAck follows BBR, section 5.2.3: first the model, then the state, then what
// is allowed.
func (c *Controller) onAck() {
	s := c.delivery.sample()
	c.loss.delivered(s.acked)
	if s.rtt > 0 {
		if s.newest {
			c.delay.add(c.now, s.rtt)
			c.noise.add(s.rtt)
		}
		c.rtt.add(c.now, s.rtt, c.competing(), s.limited || c.state == probeRTT)
	}
	ended := c.round.update(&c.delivery, s, c.now)
	if s.limited {
		c.round.limited = true
	}
	c.learn(s)
	c.noteAppetite()
	c.extra.update(c.now, s.acked, c.estimate(), c.window, c.round.count)
	c.advance(ended)
	if ended {
		c.round.begin(c.now, &c.delivery, c.delay.now(c.minRTT()))
	}
	c.control()
}

func (c *Controller) enter(s state) {
	c.endPadding()
	c.state, c.stateAt = s, c.now
	c.round.since = 0
	if s == probeRTT {
		c.search.drainedAt = never
		c.search.quiet = 0
		c.search.overshot = false
	}
}
