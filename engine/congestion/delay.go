package congestion

import (
	"math"
	"time"
)

// delayMeter is the least round-trip time of about the last round trip: what
// stands in the queue, and not what a burst put there.
type delayMeter struct {
	current, last time.Duration
	turnAt        instant
}

func (m *delayMeter) add(now instant, rtt time.Duration) {
	if now >= m.turnAt {
		m.last, m.current = m.current, none
		if m.turnAt == never {
			m.last = none
		}
		m.turnAt = now.add(max(rtt/2, 5*time.Millisecond))
	}
	m.current = min(m.current, rtt)
}

// now is the queueing delay beside the path's own.
func (m *delayMeter) now(least time.Duration) time.Duration {
	rtt := min(m.current, m.last)
	if m.turnAt == never || rtt == none || least == 0 {
		return 0
	}
	return max(0, rtt-least)
}

// The target falls with the root of the rate. So of two flows that see one
// queue the slower one still pushes when the faster one already yields, and they
// meet at equal rates. (The idea is of Swift, SIGCOMM 2020, section 3.2.)
const (
	targetDelay   = 8 * time.Millisecond
	targetRate    = 4e6 / 8 // byte/s at which it is that
	targetLeast   = time.Millisecond
	targetMost    = 20 * time.Millisecond
	targetPackets = 2.0 // on a very slow path
	shallowDelay  = 5 * time.Millisecond
)

// target is the queueing delay that is aimed at.
func (c *Controller) target() time.Duration {
	rate := c.estimate()
	if rate <= 0 {
		return targetMost
	}
	if rate != c.aim.rate {
		c.aim.rate, c.aim.delay = rate, c.targetAt(rate)
	}
	return c.aim.delay + c.allowance()
}

// allowance is the part of the target that is for noise.
func (c *Controller) allowance() time.Duration { return max(0, c.noise.level-c.aim.delay/2) }

// aim is the target of the latest estimate: there is a root in it.
type aim struct {
	rate  float64
	delay time.Duration
}

func (c *Controller) targetAt(rate float64) time.Duration {
	t := duration(seconds(targetDelay) * math.Sqrt(targetRate/rate))
	t = min(max(t, targetLeast), targetMost)
	return max(t, duration(targetPackets*c.datagram/rate))
}

// queueDelay is the queueing delay of about the last round trip.
func (c *Controller) queueDelay() time.Duration { return c.delay.now(c.minRTT()) }

const (
	leastGain  = 0.5
	mostGain   = 1.25 // BBR, section 5.6.1: ProbeBW_UP
	correction = 1.0  // round trips in which what the queue has too much is worked off
)

// flight follows what was in flight when packets were sent, for the latest
// packet sent and for the latest acknowledged.
type flight struct{ sent, acked float64 }

func follow(mean *float64, now, datagram float64) {
	// Over half a flight, so that lumps of ACKs do not show.
	*mean += (now - *mean) / min(max(now/datagram/2, 4), 64)
}

// change is how the queueing delay of what is sent now will differ from the one
// measured, in seconds. A measured delay is a round trip old, and a law that acts
// on it swings; since then the queue has changed by what we put in flight beyond
// what left (Smith's predictor).
func (c *Controller) change() float64 {
	return (c.flight.sent - c.flight.acked) / max(c.estimate(), 1)
}

// delayGain is the law of the steady state: the pacing gain that brings the
// queue to its target.
func (c *Controller) delayGain() float64 {
	queue := max(0, seconds(c.queueDelay())+c.change())
	over := correction * seconds(max(c.minRTT(), 10*time.Millisecond))
	return min(max(1+(seconds(c.target())-queue)/over, leastGain), mostGain)
}
