package congestion

import "time"

// rttFilter is the least round-trip time of the last 12 to 16 seconds (BBR,
// section 5.5.7, has 10). Samples contain the peer's ACK delay of up to 25 ms
// (RFC 9000, section 13.2.1); the least of many does not.
type rttFilter struct {
	spans    [4]time.Duration // least of each span, the newest first
	turnAt   Time             // when the next span begins
	least    time.Duration    // of all spans, 0 if unknown
	touched  Time             // when a sample last was close to it
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

func (f *rttFilter) add(now Time, rtt time.Duration, competing bool) {
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
	f.spans[0] = min(f.spans[0], rtt)
	f.least = min(f.spans[0], f.spans[1], f.spans[2], f.spans[3])
	if rtt <= f.least+max(f.least/32, time.Millisecond) {
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
	if c.inFlight > c.probeRTTWindow() && c.search.drainedAt == 0 {
		return
	}
	if c.search.drainedAt == 0 {
		c.search.drainedAt = c.now
		c.round.ends = c.delivery.total
		c.round.since = 0
	}
	if c.queueDelay() < c.noise.level/2 {
		c.noise.level = 0
	}
	least := probeRTTLeast
	if c.minRTT() < tinyRTT {
		least /= 10 // are many round trips there
	}
	if c.round.since >= 1 && c.now.sub(c.search.drainedAt) >= least {
		c.enter(steady)
	}
}

func (c *Controller) probeRTTWindow() float64 {
	return max(probeRTTGain*c.estimate()*seconds(c.minRTT()), 4*c.datagram)
}
