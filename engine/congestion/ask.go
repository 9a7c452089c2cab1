package congestion

import "time"

// asking is for who gave most of its rate away, or does not get the queue down to the target,
// while the queue stays short: beside another that grows no faster than we yield. It makes the
// queue long, so that all of our kind drain it, and what stands then is the other's (together.go).
type asking struct {
	most   float64       // byte/s, the largest of some hundred rounds
	given  int           // rounds in which we had little of it
	calmAt instant       // when the queue last was as short as its target
	before time.Duration // queueing delay when we asked
}

const (
	mostMemory = 512 // rounds
	gaveMost   = 0.3 // of the rate
	gaveRounds = 8
	askRounds  = 8
	askAfter   = 4 * time.Second // of a queue above the target
	askAgain   = 0.6             // of the rate is left
)

// wantToAsk judges a round in the steady state.
func (c *Controller) wantToAsk() bool {
	a, rate := &c.asking, c.estimate()
	a.most = max(rate, a.most-a.most/mostMemory)
	a.given++
	free := c.round.limited || c.ceiling.on
	if free || rate > a.most*gaveMost || c.round.leastDelay < c.target()/2 {
		a.given = 0
	}
	if free || c.calm() {
		a.calmAt = c.now
	}
	return a.given > gaveRounds || c.now.sub(a.calmAt) > askAfter
}

func (c *Controller) beginAsking() {
	a := &c.asking
	a.calmAt, a.given, a.before = c.now, 0, c.round.leastDelay
	c.enter(ask)
}

func (c *Controller) checkAsking(ended bool) {
	if c.queueDelay() > c.longQueue() {
		c.drainTogether(true, c.asking.before)
		return
	}
	if ended && c.round.since >= askRounds {
		c.askAgainBelow()
		c.enter(steady)
	}
}

// askAgainBelow waits until we have clearly less than now.
func (c *Controller) askAgainBelow() {
	c.asking.most = c.estimate() * askAgain / gaveMost
}
