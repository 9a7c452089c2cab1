package congestion

import "time"

// noise is delay that looks like a queue and is none: a radio link that takes its time for any
// traffic. The delay law would yield to it without end. Its mark is that it comes and goes within
// a round trip. A queue does not: what controls it, here or elsewhere, acts a round trip later, so
// that it grows or shrinks for as long.
type noise struct {
	level time.Duration // of some rounds

	// of this round
	samples    int
	low, high  time.Duration
	rise, fall time.Duration // the largest, from an earlier sample to a later one
}

const (
	noiseMemory = 8 // rounds
	mostNoise   = 40 * time.Millisecond
)

func (n *noise) add(rtt time.Duration) {
	if n.samples == 0 {
		n.low, n.high = rtt, rtt
	}
	n.samples++
	n.low, n.high = min(n.low, rtt), max(n.high, rtt)
	n.rise, n.fall = max(n.rise, rtt-n.low), max(n.fall, n.high-rtt)
}

// hearNoise takes the round that ends. A queue that only grew, or only shrank, in it is no noise,
// nor is delay that was not there all the time.
func (c *Controller) hearNoise() {
	n := &c.noise
	if n.samples > 1 && c.state != startup && !c.competing() {
		heard := min(n.rise, n.fall, c.round.leastDelay, mostNoise)
		n.level += (heard - n.level) / noiseMemory
	}
	n.forgetRound()
}

// forgetRound is for a round that begins in its midst.
func (n *noise) forgetRound() { *n = noise{level: n.level} }
