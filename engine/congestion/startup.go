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
	f.rounds++
	if c.round.limited {
		return
	}
	if rate := c.estimate(); rate >= f.rate*growth {
		f.rate, f.flat = rate, 0
		return
	}
	if f.flat++; f.flat >= flatRounds {
		c.leaveStartup()
		if c.loss.round() > policedLoss && c.queueDelay() < c.target() {
			c.police(c.round.rate)
		}
	}
}

func (c *Controller) leaveStartup() {
	c.loss.forget()
	c.enter(drain)
}

// checkDrain leaves drain when the queue is gone (BBR, section 5.3.2).
func (c *Controller) checkDrain() {
	if c.inFlight <= c.estimate()*seconds(c.minRTT()+c.target()/2) || c.now.sub(c.stateAt) > 3*c.rtt.smoothed+time.Second {
		c.enter(probeRTT)
	}
}
