package congestion

import "math"

// cubic is the window beside others: that of CUBIC (RFC 9438), which shares with
// its kind and with Reno, and as far as others do not yield to loss that of BBR.
type cubic struct {
	window   float64 // bytes
	most     float64 // the window that is looked for after a cut
	last     float64 // the same after the cut before
	epoch    instant // of the last cut
	fresh    int     // overflows to come until slow start ends
	rate     float64 // of the last round, byte/s
	cutRound int64   // round of the last cut
	overflow float64 // window at the last cut
	early    int     // overflows in a row that came before we were back
	lost     float64 // part of what is sent, of some rounds
	until    int64   // round until which others are held not to yield

	recovering bool
}

// The window returns quicker than RFC 9438 has it, to make up for the times when
// we let go.
const (
	cubicC      = 4.0  // section 5.1, packets/s³
	cubicBeta   = 0.7  // section 4.6
	mildBeta    = 0.92 // beside who does not yield
	freshLosses = 2    // after two overflows who had it all, with CUBIC, has half
	freshGrowth = 1.2  // of the rate, of a window that grows by half, when half is ours
	nearlyBack  = 0.94 // of the window before the cut: an overflow below it is early,
	soonRounds  = 9    // within so many rounds
	earlyTimes  = 2    // in a row tell that others do not yield,
	untilRounds = 32   // for so many rounds
	bbrGain     = 2.0  // BBR, section 5.6.4.2: cwnd_gain
	wasted      = 0.15 // of what is sent is lost: then it is we who overflow the queue

	competeSpeed = 1.2 // pacing above window per round trip, so that the window limits
)

// cubicLoss cuts the window once a round, if the queue is long enough that it
// may have overflowed (RFC 9438, section 4.6).
func (c *Controller) cubicLoss() {
	r := &c.rival
	if c.round.count <= r.cutRound || c.queueDelay() < r.peak/2 {
		return
	}
	early := c.round.count < r.cutRound+soonRounds && (c.unyielding() || r.window < r.overflow*nearlyBack)
	r.cutRound = c.round.count + 1
	if r.fresh > 0 {
		if r.fresh--; r.fresh > 0 {
			return
		}
		r.last = r.window
	}
	if r.early++; !early {
		r.early = 0
	}
	if r.early >= earlyTimes {
		r.until = c.round.count + untilRounds
	}
	r.overflow, r.most = r.window, r.window
	if r.window < r.last {
		r.most = r.window * (1 + cubicBeta) / 2 // section 4.7, fast convergence
	}
	beta := cubicBeta
	if c.unyielding() {
		beta = mildBeta
	}
	r.window = min(r.window*beta, max(r.window/2, c.round.rate*seconds(c.rtt.smoothed)))
	r.last = r.most
	r.epoch = c.now
	r.recovering = true
}

// unyielding tells that others do not yield to loss, as BBR does not: the queue
// overflowed again and again before we were back. Then neither do we.
func (c *Controller) unyielding() bool { return c.round.count < c.rival.until }

// endCubicRound ends slow start when half of the bottleneck is ours, and the
// likeness to BBR when it fills a short queue with what gets lost.
func (c *Controller) endCubicRound() {
	r := &c.rival
	r.recovering = c.round.count <= r.cutRound
	if r.lost += (c.loss.round() - r.lost) / 8; r.lost > wasted {
		r.early, r.until = 0, 0
	}
	if r.fresh > 0 && c.round.since > 2 && !r.recovering && c.round.rate < r.rate*freshGrowth {
		r.fresh, r.most, r.last, r.epoch = 0, r.window, r.window, c.now
	}
	r.rate = c.round.rate
}

// growCubic is CUBIC's growth (RFC 9438, sections 4.2 and 4.3).
func (c *Controller) growCubic() {
	r := &c.rival
	t := seconds(c.now.sub(r.epoch))
	packets := r.most / c.datagram
	k := math.Cbrt(packets * (1 - cubicBeta) / cubicC)
	window := (cubicC*(t-k)*(t-k)*(t-k) + packets) * c.datagram
	rounds := t / max(seconds(c.rtt.smoothed), 1e-3)
	reno := r.most*cubicBeta + 3*(1-cubicBeta)/(1+cubicBeta)*rounds*c.datagram
	if r.fresh > 0 && c.round.count > r.cutRound { // slow start, by half in a round trip
		window = r.window + c.delivery.bytes/2
	}
	if r.overflow == 0 { // no overflow yet: hold the rate while the queue grows
		window = max(window, r.claim*seconds(c.rtt.smoothed))
	}
	if c.unyielding() {
		window = max(window, bbrGain*c.bandwidth.most*seconds(c.minRTT()))
	}
	r.window = max(r.window, min(max(window, reno), r.window+0.5*c.delivery.bytes))
}
