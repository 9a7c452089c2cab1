package congestion

// maxFilter is the largest rate of some of the latest rounds (BBR, section
// 5.5.3). Rounds that the application limited do not move it on, so that a
// camera's quiet second does not wipe out what is known (5.5.4).
type maxFilter struct {
	rounds [longMemory]float64 // byte/s
	head   int
	most   float64 // of all rounds
}

const (
	longMemory  = 10
	shortMemory = 2 // enough when the queue proves that the path is full
)

func (f *maxFilter) raise(rate float64) {
	f.rounds[f.head] = max(f.rounds[f.head], rate)
	f.most = max(f.most, rate)
}

// next begins a round, unless nothing was learnt in this one.
func (f *maxFilter) next() {
	if f.rounds[f.head] == 0 {
		return
	}
	f.head = (f.head + 1) % longMemory
	f.rounds[f.head] = 0
	f.measure()
}

// set forgets all and starts from a rate.
func (f *maxFilter) set(rate float64) {
	*f = maxFilter{most: rate}
	f.rounds[0] = rate
}

// forget keeps the latest n rounds only.
func (f *maxFilter) forget(n int) {
	for i := n; i < longMemory; i++ {
		f.rounds[(f.head-i+longMemory)%longMemory] = 0
	}
	f.measure()
}

func (f *maxFilter) measure() {
	f.most = 0
	for _, rate := range f.rounds {
		f.most = max(f.most, rate)
	}
}

// learn takes a sample of the rate (BBR, section 5.5.5).
func (c *Controller) learn(s sample) {
	if s.rate <= 0 || c.state == probeRTT || c.state == ask { // not of what we tried
		return
	}
	// BBR, section 4.1.2.3: a flight acknowledged in less than a round trip tells
	// of compressed ACKs.
	if c.minRTT() > 0 && s.rtt < c.minRTT() {
		return
	}
	if s.limited && s.rate < c.bandwidth.most {
		return
	}
	c.bandwidth.raise(s.rate)
}

// estimate is the bandwidth in byte/s.
func (c *Controller) estimate() float64 {
	if c.ceiling.on {
		return c.ceiling.rate
	}
	return c.bandwidth.most
}

// ageBandwidth moves the filter on at a round's end. When all of the round met a
// queue beyond the target, the path is full whatever the application did, and
// only the latest rounds count.
func (c *Controller) ageBandwidth() {
	if c.vainDrain() {
		return
	}
	full := c.state != startup && !c.competing() && c.round.leastDelay > c.target()*9/8
	if full {
		c.bandwidth.forget(shortMemory)
	}
	if full || !c.round.limited {
		c.bandwidth.next()
	}
}
