package base

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// CheckPace is the time between a connectivity check and the next, of all agents
// and all bases of an endpoint: Ta of RFC 8445, section 14.2.
const CheckPace = 5 * time.Millisecond

// StrangersPace is the same for the checks of strangers' negotiations together:
// the rest is for friends, who go first.
const StrangersPace = 4 * CheckPace

// pacer lets checks leave, one after the other, and requests to STUN servers among
// them. In each of its two lines the negotiations take turns.
//
//	ICE agent ─► checks: may this address be asked now? ─► pacer: one per Ta ─► base
type pacer struct {
	guard panics.Guard

	mu        sync.Mutex
	free      time.Time // when the next may leave
	friends   checkLine
	strangers checkLine
	timer     *time.Timer // nil: none yet

	asked map[transactionID]*target           // that have left and may be answered
	hosts limit.Map[netip.Addr, *checkedHost] // of all strangers
}

type transactionID = [stun.TransactionIDSize]byte

// checkLine is the negotiations that have checks waiting, the next in turn first.
type checkLine struct {
	pace  time.Duration
	free  time.Time
	turns []*Checks
}

func NewPacer(guard panics.Guard) *pacer {
	p := &pacer{guard: guard, asked: make(map[transactionID]*target)}
	p.friends.pace, p.strangers.pace = CheckPace, StrangersPace
	p.hosts.Most = maxHosts
	return p
}

// run lets go what may leave now, and comes again when the next may.
func (p *pacer) run() {
	for {
		p.mu.Lock()
		t, packet := p.next(time.Now())
		p.mu.Unlock()
		if t == nil {
			return
		}
		t.mux.write(packet, t.to)
	}
}

// next takes the check that may leave now; if none may, it sets the timer. It needs
// the lock.
func (p *pacer) next(now time.Time) (*target, []byte) {
	var wake time.Time
	for _, line := range []*checkLine{&p.friends, &p.strangers} {
		free := latest(p.free, line.free)
		t, ready := line.first(latest(free, now))
		if t == nil {
			continue
		}
		if at := latest(free, ready); at.After(now) {
			if wake.IsZero() || at.Before(wake) {
				wake = at
			}
			continue
		}
		p.free, line.free = now.Add(CheckPace), now.Add(line.pace)
		return t, p.take(line, t)
	}
	if !wake.IsZero() {
		p.wakeAt(wake.Sub(now))
	}
	return nil, nil
}

func (p *pacer) wakeAt(wait time.Duration) {
	if p.timer == nil {
		p.timer = p.guard.After(wait, p.run)
		return
	}
	p.timer.Reset(wait)
}

// take takes a check out of its line, in which others are in turn then, and
// remembers it until it is answered.
func (p *pacer) take(line *checkLine, t *target) []byte {
	packet := t.waiting
	line.leave(t.checks)
	line.join(t.checks)
	t.checks.unqueue(t)
	if t.conn == nil || len(packet) < stunHeaderSize {
		return packet
	}
	id := transactionID(packet[stunHeaderSize-stun.TransactionIDSize : stunHeaderSize])
	if len(t.ids) == maxOutstanding {
		delete(p.asked, t.ids[0])
		t.ids = t.ids[1:]
	}
	t.ids = append(t.ids, id)
	p.asked[id] = t
	return packet
}

const (
	stunHeaderSize = 20 // the last part of it is the transaction's id
	maxOutstanding = 16 // checks of one address that may still be answered
)

// first returns the check that is ready at a time, of the negotiation whose turn is
// nearest, or the one that will be ready first. It is nil if none waits.
func (l *checkLine) first(now time.Time) (soonest *target, ready time.Time) {
	for _, c := range l.turns {
		t := c.queue[0]
		if !t.ready.After(now) {
			return t, t.ready
		}
		if soonest == nil || t.ready.Before(ready) {
			soonest, ready = t, t.ready
		}
	}
	return soonest, ready
}

// join puts a negotiation into the line, unless it is there.
func (l *checkLine) join(c *Checks) {
	if !slices.Contains(l.turns, c) {
		l.turns = append(l.turns, c)
	}
}

func (l *checkLine) leave(c *Checks) {
	l.turns = slices.DeleteFunc(l.turns, func(other *Checks) bool { return other == c })
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
