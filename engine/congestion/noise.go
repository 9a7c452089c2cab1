package congestion

import "time"

// noise is delay that looks like a queue and is none: a radio link that takes
// its time for any traffic. The delay law would yield to it without end. Its mark
// is that it does not grow when more is sent while more arrives, so when we have
// yielded a part of our rate in vain we push for some rounds and see.
type noise struct {
	level  time.Duration
	rate   float64 // byte/s at which the next test is due, and a bit
	most   float64 // the largest of some hundred rounds
	before time.Duration
	hits   int     // tests in a row that found no queue: others may have left just then
	given  int     // rounds in which we had little of what we once had
	calmAt instant // when the queue last was as short as its target
	asking bool    // the test is whether another has it
}

const (
	testAfter  = 0.8 // of the rate is left
	testRounds = 3
	testGap    = 5
	sureHits   = 3
	mostMemory = 512 // rounds
	gaveMost   = 0.3 // of the rate
	gaveRounds = 8
	askRounds  = 8
	askAfter   = 4 * time.Second // of a queue above the target
	askAgain   = 0.6             // of the rate is left
	testGain   = 1.1             // a push by a quarter gains so much if the bottleneck is not ours alone
	mostNoise  = 40 * time.Millisecond
	mostRise   = 15 * time.Millisecond
)

// wantNoiseTest judges a round in the steady state.
func (c *Controller) wantNoiseTest() bool {
	n, rate := &c.noise, c.estimate()
	n.most = max(rate, n.most-n.most/mostMemory)
	n.given++
	if rate > n.most*gaveMost || c.round.leastDelay < c.target()/2 || c.round.limited || c.ceiling.on {
		n.given = 0
	}
	if c.calm() || c.round.limited || c.ceiling.on {
		n.calmAt = c.now
	}
	if n.given > gaveRounds || c.now.sub(n.calmAt) > askAfter {
		n.calmAt = c.now
		n.given, n.asking, n.rate, n.before = 0, true, c.round.rate, c.round.leastDelay
		return true
	}
	if c.round.leastDelay <= c.target()*9/8 || n.rate == 0 {
		n.rate, n.hits = rate, 0
		return false
	}
	again := n.hits > 0 && n.hits < sureHits && c.round.since > testGap
	if rate > n.rate*testAfter && !again || c.round.limited || c.ceiling.on {
		return false
	}
	n.asking, n.rate, n.before = false, rate, c.round.leastDelay
	// Of a bottleneck of which little is ours, a push would not raise the queue
	// either.
	return c.together.stood == 0 && n.before < mostNoise && rate > n.most/2
}

// checkNoiseTest ends the test.
func (c *Controller) checkNoiseTest(ended bool) {
	n := &c.noise
	if n.asking {
		c.checkAsking(ended)
		return
	}
	if c.queueDelay() > n.before+mostRise {
		c.takeBack()
		return
	}
	if !ended || c.round.since < testRounds {
		return
	}
	if rise := c.round.leastDelay - n.before; rise > max(n.before/4, 3*time.Millisecond) {
		n.hits = 0
		c.enter(steady)
		return
	}
	if c.round.rate < n.rate*testGain {
		n.hits = 0
		c.enter(steady)
		return
	}
	c.bandwidth.raise(c.round.rate)
	if n.hits++; n.hits >= sureHits {
		n.level = min(max(n.level, c.round.leastDelay), mostNoise)
	}
	c.enter(steady)
}

// takeBack gives what a push gained to those who yielded to it. Otherwise who
// has most, and so yields most and pushes most, keeps it.
func (c *Controller) takeBack() {
	c.noise.hits = 0
	c.bandwidth.set(min(c.noise.rate, c.estimate()))
	c.enter(probeRTT)
}

// checkAsking makes the queue long, so that all of our kind drain it. That is for
// who gave most of its rate away, or does not get the queue down to the target,
// while the queue stays short: another that grows no faster than we yield.
func (c *Controller) checkAsking(ended bool) {
	n := &c.noise
	long := c.queueDelay() > c.longQueue()
	if !long && (!ended || c.round.since < askRounds) {
		return
	}
	n.asking = false
	if long {
		c.drainTogether(true, n.before)
		return
	}
	c.askAgainBelow()
	c.enter(steady)
}

// askAgainBelow waits until we have clearly less than now.
func (c *Controller) askAgainBelow() {
	c.noise.most = c.estimate() * askAgain / gaveMost
}

// fadeNoise forgets noise that is not there any more, above all when a probe of
// the minimum RTT saw the queue empty.
func (c *Controller) fadeNoise() {
	if c.round.leastDelay < c.noise.level/2 {
		c.noise.level /= 2
	}
	c.noise.level -= c.noise.level / mostMemory
}
