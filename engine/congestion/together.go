package congestion

import "time"

// together is the drain after a long queue. All of our kind on a bottleneck see
// the queue get long at the same time, so all let it drain at the same time: then
// it empties, everyone sees the path's own round-trip time, and who came last
// does not hold the queue that it met for the path. A queue that stands all the
// same is another's.
type together struct {
	on     bool
	asking bool          // we made the queue long, to see
	before time.Duration // queueing delay before
	lowest time.Duration // the least since
	flight float64       // bytes in flight before the first of those drains
	rate   float64       // estimate before the drain
	since  instant       // when it first stood
	stood  int           // what speaks for another, of drains since the queue was short
}

const (
	longDelay    = 8 * time.Millisecond
	emptied      = 8                    // this part of the queue, or
	emptyDelay   = 3 * time.Millisecond // so little is left of it
	togetherGain = 0.5                  // of the bandwidth-delay product: estimates may sum up to more
	stoodSure    = 3
	stoodAsked   = 2                       // counts an answer
	stoodLeast   = 2500 * time.Millisecond // for the startups of those who join meanwhile
	drainRounds  = 2                       // until what is acknowledged was not sent in the drain
)

// longQueue is more than the delay law leaves. A rate that was yielded nearly
// whole must not make any queue look short.
func (c *Controller) longQueue() time.Duration { return 2*c.ownTarget() + longDelay }

// ownTarget is the target of the rate that we have, or had before we yielded it.
func (c *Controller) ownTarget() time.Duration {
	target, most := c.target(), targetMost
	if c.asking.most > 0 {
		most = max(most, c.targetAt(c.asking.most))
	}
	return min(target, most+c.allowance())
}

// calm tells that the queue of this round is no longer than the target.
func (c *Controller) calm() bool {
	return c.round.leastDelay <= c.ownTarget()*9/8
}

func (c *Controller) drainTogether(asking bool, before time.Duration) {
	t := &c.together
	if t.stood == 0 {
		t.flight = c.inFlight
	}
	t.rate = c.estimate()
	t.on, t.asking, t.before, t.lowest = true, asking, before, before
	c.enter(probeRTT)
}

// othersStand ends the drain, and tells whether another keeps the queue.
func (c *Controller) othersStand() bool {
	t := &c.together
	t.on = false
	if t.lowest <= max(t.before/emptied, emptyDelay) {
		t.stood = 0
		if t.asking {
			c.askAgainBelow()
		}
		return false
	}
	if t.stood == 0 {
		t.since = c.now
	}
	t.stood++
	c.bandwidth.raise(t.rate) // what a vain drain gave away is taken back
	if t.asking {
		t.stood += stoodAsked - 1
	}
	return t.stood >= stoodSure && c.now.sub(t.since) >= stoodLeast
}

// vainDrain tells that this round shows the rate of a drain that left the queue
// standing, and so short that it may be noise: a rate that followed every such
// drain would go away for nothing.
func (c *Controller) vainDrain() bool {
	t := &c.together
	if t.stood == 0 || t.before >= mostNoise {
		return false
	}
	return c.state == probeRTT || c.state == steady && !c.search.overshot && c.round.since < drainRounds
}
