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
	stood  int           // what speaks for another, of drains since the queue was short
}

const (
	longDelay    = 8 * time.Millisecond
	emptied      = 8                    // this part of the queue, or
	emptyDelay   = 3 * time.Millisecond // so little is left of it
	togetherGain = 0.5                  // of the bandwidth-delay product: estimates may sum up to more
	stoodSure    = 3
	stoodAsked   = 2 // counts an answer
)

// longQueue is more than the delay law leaves. A rate that was yielded nearly
// whole must not make any queue look short.
func (c *Controller) longQueue() time.Duration {
	return 2*min(c.target(), targetMost) + longDelay
}

// calm tells that the queue of this round is no longer than the target.
func (c *Controller) calm() bool {
	return c.round.leastDelay <= min(c.target(), targetMost)*9/8
}

func (c *Controller) drainTogether(asking bool, before time.Duration) {
	t := &c.together
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
	t.stood++
	if t.asking {
		t.stood += stoodAsked - 1
	}
	return t.stood >= stoodSure
}
