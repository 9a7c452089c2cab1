package congestion

import (
	"math"
	"time"
)

// rival is the mode beside a flow that fills the queue. The delay law would
// yield to it until nothing is left, so the window then follows CUBIC (RFC 9438),
// which shares with its kind, with BBR's and Reno.
type rival struct {
	high   int           // rounds in which the queue stayed although we yielded
	highAt Time          // when they began
	since  time.Duration // the largest queueing delay in them
	flight float64       // in flight then
	round  int64         // then
	rate   float64

	window     float64 // bytes
	most       float64 // window at the last loss
	epoch      Time    // of that loss
	start      float64
	peak       time.Duration // largest queueing delay
	fresh      bool          // no loss yet
	low        int           // rounds with the queue below the target
	crest      time.Duration // queueing delay of the last rounds, the largest
	recovering bool
	cutRound   int64 // round of the last cut
	yieldAt    Time  // when we last let go
	before     time.Duration
	beforeRate float64
}

const (
	highRounds   = 6
	gaveMost     = 0.4 // of the rate
	gaveRounds   = 24
	longDelay    = 8 * time.Millisecond
	flightBack   = 0.85 // of what was in flight before
	highLeast    = 300 * time.Millisecond
	cubicC       = 4.0 // RFC 9438, section 5.1, packets/s³
	cubicBeta    = 0.8 // section 4.6
	mildBeta     = 0.92
	stubborn     = 8 // rounds: the queue overflows again so soon only if others ignore loss, as BBR does
	firstYield   = 1500 * time.Millisecond
	freshMost    = 3
	lowRounds    = 6
	yieldEvery   = 5 * time.Second
	yieldRounds  = 2 // for another to notice
	yieldGain    = 0.5
	ownShare     = 0.8 // of the queue that is ours: then it is ours alone
	competeSpeed = 1.2 // pacing above window per round trip, so that the window limits
)

// rivalAppeared judges a round in the steady state. Somebody else keeps the queue
// when it is long and does not fall for rounds in which the delay law drains it,
// or when we gave most of our rate away and it still is beyond the target, as
// beside a flow that grows slowly. Two of our kind meet at half the rate.
func (c *Controller) rivalAppeared() bool {
	r := &c.rival
	least, target, rate := c.round.leastDelay, c.target(), c.estimate()
	if least <= target*9/8 || c.round.limited {
		r.rate, r.flight, r.round = rate, c.inFlight, c.round.count
	}
	// A link that got slower is drained sooner.
	gaveAway := rate < r.rate*gaveMost && c.round.count > r.round+gaveRounds
	if least <= 2*target+longDelay {
		r.high = 0
		return gaveAway
	}
	if r.high == 0 || least < r.since*3/4 {
		r.high, r.since, r.highAt = 0, least, c.now
	}
	r.high++
	r.since = max(r.since, least)
	return r.high > highRounds && c.now.sub(r.highAt) > highLeast || gaveAway && r.high > highRounds/2
}

func (c *Controller) beginCompete() {
	r := &c.rival
	r.window = max(c.inFlight, min(r.flight*flightBack, 2*c.inFlight))
	r.most, r.epoch, r.start = r.window, c.now, r.window
	r.peak, r.fresh, r.low = c.queueDelay(), true, 0
	r.yieldAt = c.now.add(firstYield - yieldEvery)
	r.cutRound = c.round.count
	c.enter(compete)
}

// rivalLoss cuts the window once a round, if the queue is long enough that it
// may have overflowed (RFC 9438, section 4.6).
func (c *Controller) rivalLoss() {
	r := &c.rival
	if c.round.count <= r.cutRound || c.queueDelay() < r.peak/2 {
		return
	}
	if r.most = r.window; r.window < r.start {
		r.most = r.window * (1 + cubicBeta) / 2 // section 4.7, fast convergence
	}
	beta := cubicBeta
	if c.round.count <= r.cutRound+stubborn {
		beta = mildBeta
	}
	r.window *= beta
	r.fresh = false
	r.start = r.most
	r.epoch = c.now
	r.cutRound = c.round.count + 1
	r.recovering = true
}

func (c *Controller) checkCompete(ended bool) {
	r := &c.rival
	r.peak = max(r.peak, c.queueDelay())
	c.growRival()
	if !ended {
		return
	}
	r.recovering = c.round.count <= r.cutRound
	if c.round.leastDelay >= c.target() {
		r.low = 0
	} else if r.low++; r.low > lowRounds { // not just after a loss that all met
		c.endCompete()
		return
	}
	// Another of our kind that lets go makes the queue fall without a loss. We
	// join it: so both see the queue fall as far as if they were alone.
	r.crest = max(c.round.startDelay, r.crest-r.crest/8)
	fell := c.round.leastDelay < r.crest*3/4 && c.round.count > r.cutRound+4
	pause := c.now.sub(r.yieldAt)
	if pause > yieldEvery || fell && pause > yieldEvery/4 {
		r.crest = 0
		r.before, r.beforeRate = c.queueDelay(), c.round.rate
		c.search.drainedAt = 0
		r.yieldAt = c.now
		c.enter(yield)
	}
}

// growRival is CUBIC's growth (RFC 9438, sections 4.2 and 4.3).
func (c *Controller) growRival() {
	r := &c.rival
	t := seconds(c.now.sub(r.epoch))
	packets := r.most / c.datagram
	k := math.Cbrt(packets * (1 - cubicBeta) / cubicC)
	cubic := (cubicC*(t-k)*(t-k)*(t-k) + packets) * c.datagram
	rounds := t / max(seconds(c.rtt.smoothed), 1e-3)
	reno := r.most*cubicBeta + 3*(1-cubicBeta)/(1+cubicBeta)*rounds*c.datagram
	if r.fresh { // as in slow start, but a quarter in a round trip
		cubic = r.window + c.delivery.bytes/4
		if r.window > freshMost*r.start {
			r.fresh, r.most, r.epoch = false, r.window, c.now
		}
	}
	r.window = max(r.window, min(max(cubic, reno), r.window+0.5*c.delivery.bytes))
}

// checkYield tells from the queue's fall whose it is: alone on the bottleneck it
// falls by all that we held back.
func (c *Controller) checkYield(ended bool) {
	r := &c.rival
	if c.search.drainedAt == 0 {
		if c.inFlight > c.rivalWindow() {
			return
		}
		c.search.drainedAt = c.now
		c.round.ends = c.delivery.total
		c.round.since = 0
	}
	if !ended || c.round.since < yieldRounds {
		return
	}
	fell := seconds(r.before - c.queueDelay())
	held := r.window * (1 - yieldGain) / max(r.beforeRate, 1)
	if c.queueDelay() < c.target() || fell > ownShare*held {
		c.endCompete()
		return
	}
	r.epoch = r.epoch.add(c.now.sub(c.stateAt))
	r.yieldAt = c.now
	c.enter(compete)
}

func (c *Controller) endCompete() {
	c.rival.high = 0
	c.enter(steady)
}

func (c *Controller) rivalWindow() float64 {
	if c.state == yield {
		return max(c.rival.window*yieldGain, 4*c.datagram)
	}
	return max(c.rival.window, 4*c.datagram)
}

func (c *Controller) rivalRate() float64 {
	return competeSpeed * c.rivalWindow() / max(seconds(c.rtt.smoothed), 1e-3)
}
