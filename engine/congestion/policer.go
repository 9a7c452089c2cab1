package congestion

import "time"

// ceiling holds the rate at what a policer lets pass: a token bucket without a
// queue, or a queue too short to be seen as delay. BBRv1 had such a rule
// (lt_bw), BBRv3 bounds inflight by loss (BBR, section 5.5.10). Here: what is
// sent faster gets lost, does not arrive, and makes no queue.
type ceiling struct {
	on    bool
	rate  float64 // byte/s
	until instant
	hold  time.Duration
	from  int64 // round from which on loss is judged: before, it is of what was sent before

	lost, acked float64 // bytes since then
}

const (
	policedLoss = 0.15 // in startup, which sends up to 2.77 times too fast
	policedRise = 0.06 // in a search, which sends at least 1.25 times too fast
	judged      = 200  // packets are enough to tell a rise from chance
	leastHold   = 5 * time.Second
	mostHold    = 40 * time.Second
)

func (c *Controller) police(rate float64) {
	t := &c.ceiling
	t.on, t.rate = true, rate
	t.hold = min(max(2*t.hold, leastHold), mostHold)
	t.until = c.now.add(t.hold)
	t.from, t.lost, t.acked = c.round.count+3, 0, 0
	c.bandwidth.set(rate)
}

// checkCeiling follows the policer down at a round's end, and lifts the ceiling
// after a while to see whether it is still there.
func (c *Controller) checkCeiling() {
	t := &c.ceiling
	if !t.on || c.round.count < t.from {
		return
	}
	if c.now > t.until {
		t.on = false
		c.bandwidth.set(t.rate)
		c.search.quiet, c.search.wait = 0, quietRounds
		return
	}
	t.lost += c.loss.lostBytes
	t.acked += c.loss.ackedBytes
	sum := t.lost + t.acked
	if sum < judged*c.datagram {
		return
	}
	if rise := t.lost/sum - c.loss.base; rise > policedRise {
		t.rate *= max(1-rise, 0.5)
		t.from = c.round.count + 3
	} else {
		c.loss.base += (t.lost/sum - c.loss.base) / 4
	}
	t.lost, t.acked = 0, 0
}
