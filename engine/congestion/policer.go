package congestion

import (
	"math"
	"time"
)

// ceiling holds the rate at what a policer lets pass: a token bucket without a
// queue, or a queue too short to be seen as delay. BBRv1 had such a rule
// (lt_bw), BBRv3 bounds inflight by loss (BBR, section 5.5.10). Here: what is
// sent faster gets lost, does not arrive, and makes no queue.
//
// What arrives while some is lost is what the policer lets pass, however much is sent:
// so a window with loss measures it. After some windows without, the rate is raised a
// little, to see whether there is more by now. A second of bad radio looks the same: so a
// rate that has fallen deep rises by half of the way to what is known, on a logarithmic
// scale, each time that none is lost.
type ceiling struct {
	on     bool
	rate   float64 // byte/s
	known  float64 // what was let pass, byte/s
	met    bool    // known was measured while some was lost
	from   int64   // round from which on loss is judged: before, it is of what was sent before
	wait   int     // windows without loss until the rate is raised
	left   int
	raised bool
	leapt  bool // by more than a little

	window window
	before float64 // the part that was lost before the rate was cut; 0: not known
	chance float64 // the part that is lost whatever is sent, as was seen

	suspected int // windows in a row with so much loss that there may be a policer
}

// window counts what gets lost and what arrives.
type window struct {
	began       instant // never: it has not begun
	lost, acked float64 // bytes
}

// add takes a round, and reports whether there is enough to judge.
func (w *window) add(c *Controller) bool {
	if w.began == never {
		w.began = c.now
		return false
	}
	w.lost += c.loss.lostBytes
	w.acked += c.loss.ackedBytes
	passed, sum := c.now.sub(w.began), w.lost+w.acked
	return passed >= judgedTime && (sum >= judged*c.datagram || passed >= 2*judgedTime)
}

func (w *window) part() float64              { return w.lost / max(w.lost+w.acked, 1) }
func (w *window) rate(c *Controller) float64 { return w.acked / seconds(c.now.sub(w.began)) }

const (
	policedLoss    = 0.15                   // in startup, which sends up to 2.77 times too fast
	policedRise    = 0.06                   // in a search, which sends at least 1.25 times too fast
	judged         = 50                     // packets are enough to tell a rise from chance
	judgedTime     = 250 * time.Millisecond // at least, and twice that at most
	suspectLoss    = 0.22                   // more than a lossy path is allowed, see mostCompensated
	suspectWindows = 2                      // an outage fills one
	stillLost      = 0.7
	ceilingRaise   = 1.1
	ceilingGrowth  = 1.15 // until any loss was seen: the first rate is of a round, which may be short
	mostWindows    = 64
)

func (c *Controller) police(rate float64) {
	c.ceiling = ceiling{on: true, rate: rate, known: max(rate, c.estimate()), wait: 1, left: 1, chance: c.ceiling.chance}
	c.beginWindow()
	c.bandwidth.set(rate)
}

// beginWindow lets what was sent at another rate arrive first.
func (c *Controller) beginWindow() {
	c.ceiling.from, c.ceiling.window = c.round.count+2, window{}
}

// checkCeiling judges at a round's end.
func (c *Controller) checkCeiling() {
	t := &c.ceiling
	if c.round.count < t.from || !t.window.add(c) {
		return
	}
	part := t.window.part()
	switch {
	case !t.on:
		c.suspectPolicer(part)
	case c.round.leastDelay > 2*c.target(): // where a queue stands, none is
		c.bandwidth.set(t.window.rate(c))
		c.ceiling = ceiling{chance: t.chance}
	case part-c.loss.base <= policedRise:
		t.before = 0
		if !t.raised {
			c.loss.base += (part - c.loss.base) / 4
		}
		if t.left--; t.left <= 0 {
			c.raiseCeiling()
		}
	case t.before > 0 && part > t.before*stillLost:
		c.loss.base = part
		c.ceiling = ceiling{chance: part}
	default:
		c.cut(part)
	}
	c.beginWindow()
}

// cut takes what arrived in a window with loss for what is let pass. Where the rate was not far from that,
// a deep fall has a reason that may pass.
func (c *Controller) cut(part float64) {
	t := &c.ceiling
	t.rate = t.window.rate(c)
	t.before = 0
	if part > suspectLoss { // a cut so deep must show
		t.before = part
	}
	switch {
	case t.rate < t.known/2 && !t.leapt:
		t.wait = 1
	case t.raised:
		t.wait = min(2*t.wait, mostWindows)
		fallthrough
	default:
		t.known, t.met = t.rate, true
	}
	t.left, t.raised, t.leapt = t.wait, false, false
}

// manyLost tells a policer's losses in a round from one or two of chance.
func (c *Controller) manyLost() bool { return c.loss.lostBytes >= 4*c.datagram }

// suspectPolicer is for one that no search has met, since what its bucket lets pass in a round
// trip looks like the path's rate. If less is sent and the same part of it lost, it was chance.
func (c *Controller) suspectPolicer(part float64) {
	t := &c.ceiling
	if t.window.lost+t.window.acked < judged*c.datagram {
		return // too few to tell it from chance, and what arrives of them is what the application sends
	}
	if part <= max(suspectLoss, t.chance+policedRise) || c.state != steady || c.queueDelay() > c.target() {
		t.suspected = 0
		return
	}
	if t.suspected++; t.suspected < suspectWindows {
		return
	}
	c.police(c.ceiling.window.rate(c))
	c.ceiling.before = part
}

// raiseCeiling looks for more, and lifts the ceiling once there is twice as much.
func (c *Controller) raiseCeiling() {
	t := &c.ceiling
	switch {
	case t.rate < t.known/2:
		t.rate = math.Sqrt(t.rate * t.known)
		t.raised, t.leapt = true, true
	case t.met:
		t.rate *= ceilingRaise
		t.raised = true
	default:
		t.rate *= ceilingGrowth
	}
	if t.rate > 2*t.known {
		c.bandwidth.set(t.rate)
		c.ceiling = ceiling{chance: t.chance}
	}
}
