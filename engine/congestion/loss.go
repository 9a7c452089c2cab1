package congestion

// lossMeter is how much of what is sent gets lost.
type lossMeter struct {
	lostBytes, ackedBytes float64 // in this round
	last                  float64 // part of the last whole round
	base                  float64 // smoothed, of rounds that did not push
}

const (
	mostCompensated = 0.2
	smoothing       = 1.0 / 8
)

func (l *lossMeter) lost(bytes float64)      { l.lostBytes += bytes }
func (l *lossMeter) delivered(bytes float64) { l.ackedBytes += bytes }

// round is the lost part of the round that ends.
func (l *lossMeter) round() float64 {
	if sum := l.lostBytes + l.ackedBytes; sum > 0 {
		return l.lostBytes / sum
	}
	return 0
}

func (l *lossMeter) endRound(learn bool) {
	sum := l.lostBytes + l.ackedBytes
	if sum == 0 {
		return
	}
	l.last = l.lostBytes / sum
	if learn {
		l.base += (l.last - l.base) * smoothing
	}
}

func (l *lossMeter) beginRound() { l.lostBytes, l.ackedBytes = 0, 0 }

func (l *lossMeter) forget() { l.base = 0 }

// compensation is how much more must be sent for the estimate to arrive. BBR
// sends at what arrived before, and so gives a lossy path away between probes.
// A queue above its target says that the bottleneck is full as it is.
func (c *Controller) compensation() float64 {
	if c.ceiling.on || c.state == startup || c.competing() {
		return 1
	}
	part := min(max(2-seconds(c.queueDelay())/seconds(c.target()), 0), 1)
	return 1 / (1 - part*min(c.loss.base, mostCompensated))
}
