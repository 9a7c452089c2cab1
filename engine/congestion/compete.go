package congestion

import "time"

// rival is the mode beside a flow that fills the queue. The delay law would
// yield to it until nothing is left, so the window then follows CUBIC (cubic.go).
// Now and then we let go a little to see whether the queue is ours alone again.
type rival struct {
	claim float64 // byte/s that are ours beside others, 0 if we never had any

	cubic
	peak    time.Duration // largest queueing delay
	low     int           // rounds with the queue below the target
	crest   time.Duration // queueing delay of the last rounds, the largest
	yieldAt instant       // when we last let go
	before  time.Duration // queueing delay then
	lowest  time.Duration // the least since
	alone   int           // times in a row that the queue fell as if it were ours
}

const (
	claimed     = 0.5 // of what we had before another came
	lowRounds   = 6
	firstYield  = 1500 * time.Millisecond
	yieldEvery  = 5 * time.Second
	yieldRounds = 3   // for another to notice
	yieldPart   = 0.6 // of the queue would be gone if it were ours alone
	ownShare    = 0.8 // of that must be gone
	yieldsAlone = 2   // times in a row: another that lost packets just then made it fall too
)

func (c *Controller) competing() bool { return c.state == compete || c.state == yield }

// beginCompete claims half of what we had before another came. Who never had
// anything, since the queue was full when it came, starts as TCP does.
func (c *Controller) beginCompete() {
	r := &c.rival
	fresh := 0
	if r.claim == 0 {
		fresh = freshLosses
	} else {
		r.claim = max(r.claim, c.asking.most*claimed)
	}
	window := max(c.inFlight, c.together.flight, r.claim*seconds(c.rtt.smoothed))
	r.cubic = cubic{window: window, most: window, last: window, epoch: c.now, fresh: fresh, cutRound: c.round.count}
	r.peak, r.low, r.alone = c.queueDelay(), 0, 0
	r.yieldAt = c.now.add(firstYield - yieldEvery)
	c.enter(compete)
}

func (c *Controller) checkCompete(ended bool) {
	r := &c.rival
	r.peak = max(r.peak, c.queueDelay())
	c.growCubic()
	if ended {
		c.endCubicRound()
		r.crest = max(c.round.startDelay, r.crest-r.crest/8)
		if c.round.leastDelay >= c.target() {
			r.low = 0
		} else if r.low++; r.low > lowRounds { // not just after a loss that all met
			c.endCompete()
			return
		}
	}
	// Another of our kind that lets go makes the queue fall without a loss. We
	// join it: so both see the queue fall as far as if they were alone.
	fell := c.queueDelay() < r.crest*4/5 && c.round.count > r.cutRound+4
	pause := c.now.sub(r.yieldAt)
	if r.fresh == 0 && (pause > yieldEvery || fell && pause > yieldEvery/8) {
		r.before = max(c.queueDelay(), r.crest)
		r.lowest, r.crest = r.before, 0
		c.search.drainedAt = never
		r.yieldAt = c.now
		c.enter(yield)
	}
}

// checkYield tells from the queue's fall whose it is: alone on the bottleneck it
// falls by all that we held back. That is in proportion to the queue, so it does
// not matter if the round-trip time without queues is not known: who comes to a
// full queue never saw it.
func (c *Controller) checkYield(ended bool) {
	r := &c.rival
	r.lowest = min(r.lowest, c.queueDelay())
	if c.search.drainedAt == never {
		if c.inFlight > c.rivalWindow() {
			return
		}
		c.search.drainedAt = c.now
		c.round.ends = c.delivery.total
		c.round.since = 0
		c.noise.forgetRound()
	}
	if !ended || c.round.since < yieldRounds {
		return
	}
	if seconds(r.before-r.lowest) > ownShare*yieldPart*seconds(r.before) {
		r.alone++
	} else {
		r.alone = 0
	}
	if r.alone >= yieldsAlone {
		c.endCompete()
		return
	}
	r.epoch = r.epoch.add(c.now.sub(c.stateAt)) // it did not grow
	r.yieldAt = c.now
	if r.alone > 0 {
		r.yieldAt = c.now.add(firstYield - yieldEvery)
	}
	c.enter(compete)
}

// endCompete keeps what we had, in case that the other is still there.
func (c *Controller) endCompete() {
	c.rival.claim, c.together.stood = c.estimate(), 0
	c.asking.calmAt, c.asking.given = c.now, 0
	c.enter(steady)
}

func (c *Controller) rivalWindow() float64 {
	window := c.rival.window
	if c.state == yield {
		window *= 1 - yieldPart*seconds(c.rival.before)/seconds(c.minRTT()+c.rival.before)
	}
	return max(window, 4*c.datagram)
}

func (c *Controller) rivalRate() float64 {
	return competeSpeed * c.rivalWindow() / max(seconds(c.rtt.smoothed), 1e-3)
}
