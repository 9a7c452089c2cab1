package congestion

import "time"

// appetite is how much the application sends when it is what limits the rate. Then a search
// for bandwidth finds nothing by itself: what is not sent is not delivered. A camera that
// follows the estimate would keep to what it once was. So while the application uses much of
// what is known, now and then a search fills up with padding what it leaves.
type appetite struct {
	since  instant // of the window that is being counted
	from   int64   // delivered until then
	rate   float64 // byte/s in the last whole window
	after  instant // the next padded search comes later
	padded bool    // the search under way is one
	apart  int64   // until so much is delivered, padding is among it
}

const (
	appetiteWindow = 250 * time.Millisecond
	padEvery       = time.Second            // of a few round trips: some per cent of what is sent
	padAgain       = appetiteWindow * 3 / 2 // after one that has found more: then the application shows whether it wants that
	hungry         = 0.4                    // of the estimate: who uses less has no need of more
	leastHungry    = 100e3 / 8              // byte/s: commands are slower, and no media
)

// noteAppetite counts what arrives.
func (c *Controller) noteAppetite() {
	a := &c.appetite
	passed := c.now.sub(a.since)
	switch {
	case a.padded || c.delivery.total < a.apart: // what of it the application has sent cannot be told
		a.since, a.from = c.now, c.delivery.total
		return
	case passed < appetiteWindow:
		return
	}
	a.rate = float64(c.delivery.total-a.from) / seconds(passed)
	a.since, a.from = c.now, c.delivery.total
}

// mayPad tells whether the application would have use for more than it is known to get.
func (c *Controller) mayPad() bool {
	return c.round.limited && c.now > c.appetite.after && c.isHungry() && !c.unpaced() && !c.ceiling.on
}

func (c *Controller) isHungry() bool {
	return c.appetite.rate >= max(hungry*c.estimate(), leastHungry)
}

// wantPaddedSearch tells whether to look for it in the steady state.
func (c *Controller) wantPaddedSearch() bool {
	return c.mayPad() && c.round.since >= settleRounds && c.round.leastDelay <= c.target()/2
}

// WantsPadding reports whether packets should be sent that carry nothing, as far as window and
// pacer allow, when there is nothing else to send.
func (c *Controller) WantsPadding() bool {
	c.settle()
	return c.appetite.padded
}

func (c *Controller) endPadding() {
	a := &c.appetite
	if !a.padded {
		return
	}
	a.padded, a.apart = false, c.delivery.total+int64(c.inFlight)
	a.after = c.now.add(padEvery)
	if !c.isHungry() {
		a.after = c.now.add(padAgain)
	}
}
