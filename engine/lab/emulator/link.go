package emulator

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/trace"
)

// instant is the time since the network's start: cheaper to store and to compare
// than a time.Time, of which the heap would hold thousands.
type instant = time.Duration

// link is the state of one direction. It is told the time and never asks for it.
type link struct {
	Link
	limit float64     // bytes
	wire  *trace.Wire // of Link.Trace

	// Loss has a source of its own: how often the others are asked depends on
	// timing, and with one source for all, which packets are lost would too.
	loss, order *rand.Rand
	wander      wander

	idle instant // when the wire has sent all it has taken
	last instant // when the latest packet in order comes out
	Counters
}

func newLink(now instant, config Link, seed uint64, name string) *link {
	source := func(use string) *rand.Rand {
		h := fnv.New64a()
		h.Write([]byte(name + "/" + use))
		return rand.New(rand.NewPCG(seed, h.Sum64()))
	}
	l := &link{loss: source("loss"), order: source("order"), wander: wander{source: source("jitter")}}
	l.configure(now, config)
	return l
}

// configure changes the link for packets to come, from now on; those on the way keep
// the time that they were given.
func (l *link) configure(now instant, config Link) {
	if config.ReorderHold == 0 {
		config.ReorderHold = defaultReorderHold
	}
	l.Link = config
	l.limit = config.queueLimit()
	l.wire = nil
	if l.Trace != nil {
		l.wire = l.Trace.Wire(now, l.Offset)
	}
}

// admit takes a packet of size bytes at time now and says when it comes out, or
// that it never does.
func (l *link) admit(now instant, size int) (out instant, ok bool) {
	if waiting := l.waiting(now); waiting > 0 && waiting+float64(size) > l.limit {
		l.Overflow++
		return 0, false
	}
	sent := now
	if l.wire != nil {
		sent = l.wire.Send(now, size)
		l.idle = sent
	} else if l.Rate > 0 {
		sent = max(now, l.idle) + time.Duration(int64(size)*8*int64(time.Second)/l.Rate)
		l.idle = sent
	}
	if l.Loss > 0 && l.loss.Float64() < l.Loss {
		l.Lost++
		return 0, false
	}
	// Order is kept across a change of Delay as well.
	out = max(sent+l.Delay+l.wander.at(sent, l.Jitter), l.last)
	if l.Reorder > 0 && l.order.Float64() < l.Reorder {
		return out + l.ReorderHold, true
	}
	l.last = out
	return out, true
}

// waiting is how many bytes the wire has taken and not sent.
func (l *link) waiting(now instant) float64 {
	if l.wire != nil {
		return float64(l.wire.Waiting(now))
	}
	return max(0, l.idle-now).Seconds() * float64(l.Rate) / 8
}

// wander is a delay that moves in straight lines between random values.
//
// An independent value for each packet would have to be clamped to keep the
// order, and then, in a dense flow, each packet would wait for the unluckiest one
// before it: a constant delay of the full jitter. A line that falls by at most
// half a second per second needs no clamp.
type wander struct {
	source   *rand.Rand
	from, to float64 // shares of the full jitter
	start    instant
}

func (w *wander) at(now instant, jitter time.Duration) time.Duration {
	if jitter <= 0 {
		return 0
	}
	period := 2 * jitter
	switch elapsed := now - w.start; {
	case elapsed >= 2*period: // nothing was sent for so long that any value keeps the order
		w.from, w.to, w.start = w.source.Float64(), w.source.Float64(), now
	case elapsed >= period:
		w.from, w.to, w.start = w.to, w.source.Float64(), w.start+period
	}
	// A change of jitter or rate can leave now outside of the current line.
	part := min(max(float64(now-w.start)/float64(period), 0), 1)
	return time.Duration((w.from + (w.to-w.from)*part) * float64(jitter))
}
