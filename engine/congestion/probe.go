package congestion

import "time"

// search looks for bandwidth that was not there before (BBR, section 5.3.3, has
// a cycle with ProbeBW_UP). An empty queue in spite of the delay law is the sign.
type search struct {
	quiet     int // rounds with an empty queue
	wait      int // rounds that must be quiet before the next search
	rate      float64
	flat      int
	gain      float64
	overshot  bool    // the last search made a queue, which is ours
	base      float64 // loss before
	drainedAt instant // of probeRTT and yield
}

const (
	quietRounds  = 2
	settleRounds = 3 // until a drain does not look like an empty link
	calmRounds   = 5 // until what a drain took does not look like a queue that is gone
	overRounds   = 6 // in which the queue of a vain search goes
	firstWait    = 8
	mostWait     = 64
	upMost       = 2.0
	upDelay      = 25 * time.Millisecond // of queue that a vain search may make
)

// advance is the state machine.
func (c *Controller) advance(ended bool) {
	c.round.leastDelay = min(c.round.leastDelay, c.queueDelay())
	if ended {
		c.ageBandwidth()
		c.hearNoise()
		c.loss.endRound(c.state == steady && !c.ceiling.on && c.round.leastDelay < c.target())
		c.checkCeiling()
	}
	switch c.state {
	case startup:
		c.checkStartup(ended)
	case drain:
		c.checkDrain()
	case steady:
		c.checkSteady(ended)
	case up:
		c.checkUp(ended)
	case ask:
		c.checkAsking(ended)
	case probeRTT:
		c.endProbeRTT(ended)
	case compete:
		c.checkCompete(ended)
	case yield:
		c.checkYield(ended)
	}
	if ended {
		c.loss.beginRound()
	}
}

func (c *Controller) checkSteady(ended bool) {
	if !ended {
		return
	}
	s := &c.search
	if c.calm() && c.round.since >= calmRounds {
		c.rival.claim = c.estimate() * claimed
		c.together.stood = 0
	}
	if c.round.leastDelay > c.longQueue() && !(s.overshot && c.round.since < overRounds) {
		c.drainTogether(false, c.queueDelay())
		return
	}
	if c.wantToAsk() {
		c.beginAsking()
		return
	}
	if c.wantProbeRTT() {
		c.enter(probeRTT)
		return
	}
	if c.wantPaddedSearch() {
		c.beginSearch()
		c.appetite.padded = true
		return
	}
	if c.round.limited || c.round.since < settleRounds || c.ceiling.on || c.round.leastDelay > c.target()/2 {
		s.quiet = 0
		return
	}
	rate := c.estimate()
	if s.quiet == 0 {
		s.rate = rate
	}
	s.quiet++
	if s.quiet >= s.wait || s.quiet >= quietRounds && rate > s.rate*1.03 {
		c.beginSearch()
	}
}

func (c *Controller) beginSearch() {
	s := &c.search
	s.rate, s.flat, s.gain, s.base = c.estimate(), 0, mostGain, c.loss.base
	c.enter(up)
}

// checkUp goes on, faster and faster, as long as the path delivers more.
func (c *Controller) checkUp(ended bool) {
	s := &c.search
	if c.queueDelay() > c.target() {
		s.quiet, s.wait, s.overshot = 0, firstWait, true
		c.enter(steady)
		return
	}
	if !ended || c.round.since < 2 {
		return // what was sent faster is not acknowledged yet
	}
	if c.appetite.padded && !c.isHungry() {
		c.enter(steady) // more would be of no use
		return
	}
	if c.round.limited && !(c.appetite.padded && c.round.since < settleRounds) {
		c.enter(steady)
		return
	}
	if rate := c.estimate(); rate > s.rate*1.1 {
		s.rate, s.flat = rate, 0
		s.gain = min(s.gain*mostGain, upMost)
		return
	}
	if s.flat++; s.flat >= 2 {
		if c.loss.round() > s.base+policedRise && c.manyLost() {
			c.police(max(c.round.rate, s.rate)) // what arrived before was let pass
		}
		s.quiet = 0
		s.wait = min(2*s.wait, mostWait)
		c.enter(steady)
	}
}

// control sets pacing gain and window from model and state (BBR, section 5.6.1).
func (c *Controller) control() {
	rate := c.estimate() * c.compensation()
	product := rate * seconds(c.minRTT())
	room := c.extra.most() + 3*c.datagram
	window := 0.0
	switch c.state {
	case startup:
		c.gain = startupGain
		window = max(startupWindowGain*product+room, initialWindow*c.datagram)
	case drain:
		c.gain = drainGain
		window = startupWindowGain*product + room
	case steady:
		c.gain = c.delayGain()
		if c.ceiling.on {
			c.gain = min(c.gain, 1)
		}
		window = 1.25*product + rate*seconds(2*c.target()+10*time.Millisecond) + room
	case ask:
		c.gain = upMost
		window = 2*product + rate*seconds(2*c.longQueue()) + room
	case up:
		c.gain = c.search.gain
		window = product + rate*seconds(upDelay) + room
		if c.search.gain > mostGain {
			window = 2*product + room // it found some
		}
	case probeRTT:
		c.gain = probeRTTGain
		window = c.probeRTTWindow()
	case compete, yield:
		window = c.rivalWindow()
	}
	c.pace = c.pacingRate()
	if c.pace > 0 {
		c.pace = max(c.pace, c.leastPace())
	}
	if c.unpaced() && c.state != startup {
		window = 2 * product // the floor bounds the burst
	}
	c.window = max(window, 4*c.datagram, c.floor())
	if c.idle.closed && c.inFlight < c.window {
		c.idle.closed, c.idle.openSince = false, c.now
	}
}
