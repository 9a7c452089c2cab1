package congestion

import "time"

const (
	initialWindow     = 32   // packets; BBR takes the transport's, RFC 9002 has 10
	startupGain       = 2.77 // BBR, section 2.7: 4 ln 2
	startupWindowGain = 2.0
	drainGain         = 0.5
	growth            = 1.25 // BBR, section 5.3.1.2
	flatRounds        = 3
)

// fullPipe notices that more sending brings no more delivery (BBR, section
// 5.3.1.2).
type fullPipe struct {
	rate   float64
	flat   int
	rounds int

	began instant // when something was sent first
	from  int64   // delivered until then
}

// checkStartup leaves startup when the rate is flat for three rounds, or as soon
// as a queue stands: a paced sender makes none below the bandwidth.
func (c *Controller) checkStartup(ended bool) {
	f := &c.full
	if f.rounds > 0 && c.queueDelay() > 2*c.target()+shallowDelay {
		c.leaveStartup()
		return
	}
	if !ended {
		return
	}
	if f.rounds == 0 {
		f.began, f.from = c.round.startAt, c.round.startTotal
	}
	f.rounds++
	if c.appetite.padded && !c.isHungry() {
		c.endPadding()
		return
	}
	if c.round.limited {
		f.began, f.from = c.now, c.delivery.total // the time before says nothing of the path
		c.appetite.padded = c.appetite.padded || c.mayPad()
		return
	}
	if rate := c.estimate(); rate >= f.rate*growth {
		f.rate, f.flat = rate, 0
		return
	}
	if f.flat++; f.flat >= flatRounds {
		c.leaveStartup()
		if c.loss.round() > policedLoss && c.manyLost() && c.queueDelay() < c.target() {
			c.police(max(c.round.rate, c.startupRate()))
		}
	}
}

// startupRate is what has arrived since the beginning: at a policer more than it lets pass for
// long, since its bucket was full.
func (c *Controller) startupRate() float64 {
	return float64(c.delivery.total-c.full.from) / max(seconds(c.now.sub(c.full.began)), 1e-3)
}

func (c *Controller) leaveStartup() {
	c.loss.forget()
	c.asking.calmAt = c.now
	c.enter(drain)
}

// checkDrain leaves drain when the queue is gone (BBR, section 5.3.2).
func (c *Controller) checkDrain() {
	if c.inFlight <= c.estimate()*seconds(c.minRTT()+c.target()/2) || c.now.sub(c.stateAt) > 3*c.rtt.smoothed+time.Second {
		c.enter(probeRTT)
	}
}
