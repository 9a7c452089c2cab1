package congestion

import "time"

// idle is what is known of the application's pauses.
type idle struct {
	lastSent  instant
	closed    bool    // the window had no room after the last packet
	openSince instant // since when it has
}

const (
	idleAfter  = time.Second
	staleAfter = time.Minute
)

// restart begins after a pause with nothing on the way (BBR, section 5.4.1): at
// the known rate, paced; the pacer saves up no more than its small burst. What
// was measured a minute ago is halved for each minute and looked for again.
func (c *Controller) restart() {
	pause := c.now.sub(c.idle.lastSent)
	if c.idle.lastSent == never || pause < idleAfter {
		return
	}
	c.round.begin(c.now, &c.delivery, 0)
	c.delay = delayMeter{}
	if c.state != startup {
		c.enter(steady)
	}
	c.search.quiet = 0
	c.rival, c.together = rival{}, together{}
	c.asking.calmAt, c.asking.given = c.now, 0
	if pause >= staleAfter {
		c.goStale(pause)
	}
	c.control()
}

func (c *Controller) goStale(pause time.Duration) {
	rate := c.bandwidth.most
	for ; pause >= staleAfter && rate > c.datagram; pause -= staleAfter {
		rate /= 2
	}
	c.bandwidth.set(rate)
	c.ceiling = ceiling{}
	c.loss, c.noise = lossMeter{}, noise{}
	c.rtt.init()
	c.rtt.turnAt = never
	c.full = fullPipe{rounds: 1}
	c.enter(startup)
}
