package congestion

import "time"

// rttFilter is the least round-trip time of the last 12 to 16 seconds (BBR,
// section 5.5.7, has 10). Samples contain the peer's ACK delay of up to 25 ms
// (RFC 9000, section 13.2.1); the least of many does not.
type rttFilter struct {
	spans    [4]time.Duration // least of each span, the newest first
	turnAt   instant          // when the next span begins
	least    time.Duration    // of all spans, 0 if unknown
	touched  instant          // when it was last seen
	smoothed time.Duration
}

const (
	none        = time.Duration(1<<63 - 1)
	span        = 4 * time.Second
	competeSpan = 20 * time.Second // an empty queue is rare then
)

func (f *rttFilter) init() {
	for i := range f.spans {
		f.spans[i] = none
	}
}

// add takes a sample. While we keep the queue at its target nothing but a new
// least counts as seen: who came to a standing queue is always close to what it
// holds for the path.
func (f *rttFilter) add(now instant, rtt time.Duration, competing, apart bool) {
	if now >= f.turnAt {
		length := span
		if competing {
			length = competeSpan
		}
		f.turnAt = now.add(length)
		if f.spans[0] != none {
			copy(f.spans[1:], f.spans[:3])
			f.spans[0] = none
		}
	}
	before := f.least
	f.spans[0] = min(f.spans[0], rtt)
	f.least = min(f.spans[0], f.spans[1], f.spans[2], f.spans[3])
	if rtt <= before || apart && rtt <= f.least+max(f.least/32, time.Millisecond) {
		f.touched = now
	}
	if f.smoothed == 0 {
		f.smoothed = rtt
	}
	f.smoothed += (rtt - f.smoothed) / 8
}

// minRTT is the path's delay without queues, 0 if unknown.
func (c *Controller) minRTT() time.Duration { return c.rtt.least }

const (
	probeRTTEvery = 5 * time.Second       // BBR, section 2.13.2
	probeRTTGain  = 0.75                  // of the bandwidth-delay product: video does not notice
	probeRTTLeast = 50 * time.Millisecond // of an empty queue
)

// wantProbeRTT tells whether it is time to empty the queue (BBR, section
// 5.3.4.3). Who sees the path's own delay anyway needs not, and that is
// everybody whose application has pauses.
func (c *Controller) wantProbeRTT() bool {
	return c.now.sub(c.rtt.touched) > probeRTTEvery && c.now.sub(c.stateAt) > probeRTTEvery
}

// endProbeRTT waits for a round trip with the queue empty.
func (c *Controller) endProbeRTT(ended bool) {
	c.together.lowest = min(c.together.lowest, c.queueDelay())
	if c.inFlight > c.probeRTTWindow() && c.search.drainedAt == never {
		return
	}
	if c.search.drainedAt == never {
		c.search.drainedAt = c.now
		c.round.ends = c.delivery.total
		c.round.since = 0
		c.noise.forgetRound()
	}
	if c.queueDelay() < c.noise.level/2 {
		c.noise.level = 0 // it went with the queue
	}
	least := probeRTTLeast
	if c.minRTT() < tinyRTT {
		least /= 10 // are many round trips there
	}
	rounds := 1
	if c.together.on {
		rounds = 2 // others may have begun later
	}
	if c.round.since >= rounds && c.now.sub(c.search.drainedAt) >= least {
		if c.together.on && c.othersStand() {
			c.beginCompete()
			return
		}
		c.enter(steady)
	}
}

func (c *Controller) probeRTTWindow() float64 {
	gain := probeRTTGain
	if c.together.on {
		gain = togetherGain
		if c.together.asking {
			gain = 1 // only what is ours of the queue: what others have is to be seen
		}
	}
	return max(gain*c.estimate()*seconds(c.minRTT()), 4*c.datagram)
}
