package sim

import (
	"math"
	"time"

	"github.com/thingp2p/libthingp2p/engine/congestion"
)

// Reno makes a sender by RFC 5681, Cubic one by RFC 9438, both without pacing
// and with Linux's HyStart: slow start ends when the first packets of a round
// trip are late.
func Reno(now congestion.Time, size int) Controller  { return newTCP(size, false) }
func Cubic(now congestion.Time, size int) Controller { return newTCP(size, true) }

type tcp struct {
	size      float64
	cubic     bool
	window    float64 // packets
	threshold float64
	most      float64
	epoch     int64
	start     float64
	now       int64
	next      int64 // packet number
	recover   int64 // losses below were answered
	sentAt    []int64
	least     int64
	rtt       int64
	roundEnd  int64
	samples   int
	current   int64 // least of the round's first round-trip times
}

const hystartSamples = 8

func newTCP(size int, cubic bool) *tcp {
	return &tcp{size: float64(size), cubic: cubic, window: 10, threshold: 1e9, sentAt: make([]int64, 1<<14), least: 1 << 60}
}

func (t *tcp) OnSent(now congestion.Time, pn int64, bytes, inFlight int, _ bool) {
	t.now = int64(now)
	t.sentAt[pn&(1<<14-1)] = t.now
	t.next = pn + 1
}

func (t *tcp) OnAcked(now congestion.Time, pn int64, bytes, prior int) {
	t.now = int64(now)
	t.rtt = t.now - t.sentAt[pn&(1<<14-1)]
	t.least = min(t.least, t.rtt)
	if pn < t.recover || float64(prior) < (t.window-1)*t.size*0.8 {
		return
	}
	if t.window < t.threshold {
		t.window++
		if t.late(pn) {
			t.threshold = t.window
			t.most, t.start, t.epoch = t.window, t.window, 0
		}
		return
	}
	if !t.cubic {
		t.window += 1 / t.window
		return
	}
	if t.epoch == 0 {
		t.epoch, t.start = t.now, t.window
		t.most = max(t.most, t.window)
	}
	k := math.Cbrt((t.most - t.start) / 0.4)
	d := float64(t.now-t.epoch+t.rtt)/1e9 - k
	target := 0.4*d*d*d + t.most
	friendly := t.start + 3*0.3/1.7*float64(t.now-t.epoch)/float64(t.rtt)
	target = min(max(target, friendly), 1.5*t.window)
	if target > t.window {
		t.window += (target - t.window) / t.window
	} else {
		t.window += 0.01 / t.window
	}
}

func (t *tcp) late(pn int64) bool {
	if pn >= t.roundEnd {
		t.roundEnd, t.samples, t.current = t.next, 0, 1<<60
	}
	if t.samples < hystartSamples {
		t.samples++
		t.current = min(t.current, t.rtt)
		return false
	}
	return t.current > t.least+min(max(t.least/8, int64(4*time.Millisecond)), int64(16*time.Millisecond))
}

func (t *tcp) OnLost(pn int64, bytes, prior int) {
	if pn < t.recover {
		return
	}
	t.recover = t.next
	beta := 0.5
	if t.cubic {
		beta = 0.7
		if t.window < t.most {
			t.most = t.window * (1 + beta) / 2
		} else {
			t.most = t.window
		}
		t.epoch = 0
	}
	t.window = max(2, t.window*beta)
	t.threshold = t.window
}

func (t *tcp) OnTimeout()                           {}
func (t *tcp) CanSend(inFlight int) bool            { return float64(inFlight)+t.size <= t.window*t.size }
func (t *tcp) HasPacingBudget(congestion.Time) bool { return true }
func (t *tcp) TimeUntilSend() congestion.Time       { return 0 }
func (t *tcp) Window() int                          { return int(t.window * t.size) }

// BBR makes a sender like the first version of BBR, as Linux has it, without its
// detection of policers. Its window is as large as Linux's comes out, with what
// that adds for aggregated ACKs.
func BBR(now congestion.Time, size int) Controller {
	return &bbr{size: float64(size), gain: 2.885, windowGain: 2.885, least: 1 << 60, packets: make([]bbrPacket, 1<<14), startup: true}
}

type bbrPacket struct{ sent, first, deliveredAt, delivered int64 }

type bbr struct {
	size             float64
	packets          []bbrPacket
	delivered        int64
	deliveredAt      int64
	firstSent        int64
	roundEnd         int64
	round            int64
	rates            [10]float64
	least, leastAt   int64
	gain, windowGain float64
	startup, drain   bool
	full             float64
	flat             int
	phase            int
	phaseAt          int64
	probing          bool
	probeEnd         int64
	due              int64
	inFlight         int
}

var bbrCycle = [8]float64{1.25, 0.75, 1, 1, 1, 1, 1, 1}

func (b *bbr) rate() float64 {
	most := 0.0
	for _, r := range b.rates {
		most = max(most, r)
	}
	return most
}

func (b *bbr) OnSent(now congestion.Time, pn int64, bytes, inFlight int, _ bool) {
	n := int64(now)
	if inFlight == bytes {
		b.firstSent, b.deliveredAt = n, n
	}
	b.packets[pn&(1<<14-1)] = bbrPacket{n, b.firstSent, b.deliveredAt, b.delivered}
	b.inFlight = inFlight
	if r := b.rate(); r > 0 {
		b.due = max(b.due, n-int64(time.Millisecond)) + int64(float64(bytes)/(r*b.gain)*1e9)
	}
}

func (b *bbr) OnAcked(now congestion.Time, pn int64, bytes, prior int) {
	n := int64(now)
	b.inFlight -= bytes
	p := b.packets[pn&(1<<14-1)]
	b.delivered += int64(bytes)
	b.deliveredAt = n
	b.firstSent = p.sent
	rtt := n - p.sent
	expired := n > b.leastAt+int64(10*time.Second)
	if rtt <= b.least || expired && !b.probing {
		if expired && rtt > b.least && b.leastAt > 0 {
			b.probing, b.probeEnd = true, 0
		}
		b.least, b.leastAt = rtt, n
	}
	ended := p.delivered >= b.roundEnd
	if ended {
		b.roundEnd = b.delivered
		b.round++
		b.rates[b.round%10] = 0
	}
	if interval := max(p.sent-p.first, n-p.deliveredAt); interval >= b.least {
		b.rates[b.round%10] = max(b.rates[b.round%10], float64(b.delivered-p.delivered)/float64(interval)*1e9)
	}
	product := b.rate() * float64(b.least) / 1e9
	switch {
	case b.startup && ended:
		if r := b.rate(); r > b.full*1.25 {
			b.full, b.flat = r, 0
		} else if b.flat++; b.flat >= 3 {
			b.startup, b.drain = false, true
			b.gain = 1 / 2.885
		}
	case b.drain && float64(b.inFlight) < product:
		b.drain = false
		b.windowGain = 2.2
		b.phase, b.phaseAt = 2, n
		b.gain = 1
	case !b.startup && !b.drain && n-b.phaseAt > b.least && (b.phase != 0 || float64(b.inFlight) > 1.25*product):
		b.phase = (b.phase + 1) % 8
		b.phaseAt = n
		b.gain = bbrCycle[b.phase]
	}
	if b.probing {
		if b.probeEnd == 0 && float64(b.inFlight) <= 4*b.size {
			b.probeEnd = n + int64(200*time.Millisecond)
		}
		if b.probeEnd != 0 && n > b.probeEnd {
			b.probing = false
			b.leastAt = n
		}
	}
}

func (b *bbr) OnLost(pn int64, bytes, prior int) { b.inFlight -= bytes }
func (b *bbr) OnTimeout()                        {}
func (b *bbr) CanSend(inFlight int) bool         { return inFlight < b.Window() }
func (b *bbr) HasPacingBudget(now congestion.Time) bool {
	return b.rate() == 0 || int64(now) >= b.due
}
func (b *bbr) TimeUntilSend() congestion.Time { return congestion.Time(b.due) }
func (b *bbr) Window() int {
	if b.probing {
		return int(4 * b.size)
	}
	if b.rate() == 0 {
		return int(10 * b.size)
	}
	return int(max(b.windowGain*b.rate()*float64(b.least)/1e9+3*b.size, 4*b.size))
}
