package base

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// Connectivity checks go to addresses that somebody else has named, who may mean
// another's (RFC 8445, section 19.5.1). So that nobody can aim an endpoint at
// anybody,
//
//   - one address is checked at intervals that double;
//   - one host a few times, until it has answered;
//   - a stranger's negotiation has a number of checks in all;
//   - and the pacer lets one leave at a time.
//
// Who sends an authenticated check gets one in return at once, and who answers the
// nomination. With a peer that has been let in, for which a better path is looked
// for, intervals stay short, so that one which opens is found soon.
const (
	// NegotiationTime is how long a device looks for paths to an app that has asked. It
	// covers an app's search for a better path than the one it has.
	NegotiationTime = 20 * time.Second

	acceptedInterval = 500 * time.Millisecond

	// What one address gets in the time of a negotiation, and of one with a peer that
	// has been let in.
	MaxUnanswered         = 10
	maxUnansweredAccepted = int(NegotiationTime / acceptedInterval)

	StrangersChecks = 100 // RFC 8445, section 6.1.2.5

	hostMemory = time.Minute // until then strangers together have no more for a host
	maxHosts   = 4096
)

// An agent makes a check of each candidate at each interval. That costs time: with
// strangers, who may name many addresses for nothing, it does so less often.
const (
	checkInterval     = 20 * time.Millisecond
	strangersInterval = 100 * time.Millisecond
)

// Checks are those of one negotiation, by all its agents. The pacer's lock guards
// what is not constant.
type Checks struct {
	pacer    *pacer // constant
	stranger bool   // constant

	// Mapped hears how the base looks from the peer, if that signs it; nil: nobody does.
	// Not with a lock held; constant.
	Mapped func(from, seen netip.AddrPort)

	left     int                     // those of a stranger's that may be sent yet
	accepted bool                    // the peer has been let in
	pwd      string                  // the peer's, with which it signs answers; "": not known yet
	likely   map[netip.AddrPort]bool // to be checked before others
	hosts    *limit.Map[netip.Addr, *checkedHost]
	renewed  time.Time // when no host had got anything
	queue    []*target // with a check that waits, the first to be ready first
}

// target is an address that an agent checks from one base.
type target struct {
	checks *Checks
	mux    *STUNMux
	conn   *stunMuxConn // nil: a STUN server
	to     netip.AddrPort

	sent    int       // checks since it answered
	last    time.Time // when the last one was taken
	owed    bool      // the next one is in return
	waiting []byte    // the one that waits, or nil
	ready   time.Time // when that may leave
	ids     []transactionID
}

// checkedHost is what a host, by limit.Source, has got.
type checkedHost struct {
	unanswered int
	answered   bool
	last       time.Time
}

// NewChecks are of a negotiation with a peer that has a right to connect, or with a
// stranger. All strangers share what they may ask of a host.
func NewChecks(p *pacer, stranger bool) *Checks {
	c := &Checks{pacer: p, stranger: stranger, left: math.MaxInt, likely: make(map[netip.AddrPort]bool), renewed: time.Now()}
	c.hosts = newHosts()
	if stranger {
		c.left, c.hosts = StrangersChecks, &p.hosts
	}
	return c
}

func newHosts() *limit.Map[netip.Addr, *checkedHost] {
	return &limit.Map[netip.Addr, *checkedHost]{Most: maxHosts}
}

// Renew is for a peer that begins anew: hosts that did not answer get new checks, for it may be
// there now. One that begins anew all the time gets no more than one that has asked again.
func (c *Checks) Renew() {
	now := time.Now()
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	if !c.stranger && now.Sub(c.renewed) >= NegotiationTime {
		c.hosts, c.renewed = newHosts(), now
	}
}

// OfferInterval is how often an agent shall offer a check of each candidate.
func (c *Checks) OfferInterval() time.Duration {
	if c.stranger {
		return strangersInterval
	}
	return checkInterval
}

// Prefer makes an address be checked before others.
func (c *Checks) Prefer(address netip.AddrPort) {
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	c.likely[address] = true
}

// Accept notes that the peer has a session.
func (c *Checks) Accept() {
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	c.accepted, c.left = true, math.MaxInt
}

// Trust notes with what the peer signs from now on. What was to be checked first may be of before.
func (c *Checks) Trust(pwd string) {
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	c.pwd = pwd
	clear(c.likely)
}

// offer takes a check that an agent would send now. It is dropped if its time has
// not come: the agent offers another soon.
func (c *Checks) offer(conn *stunMuxConn, to netip.AddrPort, packet []byte) {
	now := time.Now()
	c.pacer.mu.Lock()
	t := conn.target(to)
	taken := t != nil && c.takes(t, packet, now)
	c.pacer.mu.Unlock()
	if taken {
		c.pacer.run()
	}
}

// takes makes a check wait for its turn, unless it is too early or too many. It needs
// the lock.
func (c *Checks) takes(t *target, packet []byte, now time.Time) bool {
	switch {
	case t.owed:
		t.owed = false
		c.enqueue(t, packet, now)
	case t.waiting != nil:
		t.waiting = append(t.waiting[:0], packet...) // the newer one is answered sooner
		return false
	case t.sent > 0 && now.Sub(t.last) < c.interval(t.sent) || !c.afford(t, now):
		return false
	case t.sent == 0 && c.likely[t.to] && !t.mux.relayed:
		c.enqueue(t, packet, now)
	default: // what is more urgent overtakes it
		c.enqueue(t, packet, now.Add(CheckPace))
	}
	t.sent++
	t.last = now
	return true
}

// interval is the time between the last of so many checks of one address and the
// next.
func (c *Checks) interval(sent int) time.Duration {
	interval := checkInterval << min(sent-1, MaxUnanswered)
	if c.accepted {
		interval = min(interval, acceptedInterval)
	}
	return interval
}

// afford reports whether one more check may go to an address, and counts it.
func (c *Checks) afford(t *target, now time.Time) bool {
	most := MaxUnanswered
	if c.accepted {
		most = maxUnansweredAccepted
	}
	h := c.host(t, now)
	if c.left == 0 || !h.answered && h.unanswered >= most {
		return false
	}
	c.left--
	h.unanswered++
	h.last = now
	return true
}

func (c *Checks) host(t *target, now time.Time) *checkedHost {
	source := limit.Source(t.to.Addr())
	h, known := c.hosts.Get(source)
	if !known || now.Sub(h.last) > hostMemory {
		h = &checkedHost{last: now}
		c.hosts.Put(source, h)
	}
	return h
}

// enqueue makes a check wait for its turn.
func (c *Checks) enqueue(t *target, packet []byte, ready time.Time) {
	c.unqueue(t)
	t.waiting, t.ready = append(t.waiting, packet...), ready
	at := slices.IndexFunc(c.queue, func(other *target) bool { return other.ready.After(ready) })
	if at < 0 {
		at = len(c.queue)
	}
	c.queue = slices.Insert(c.queue, at, t)
	c.line().join(c)
}

func (c *Checks) unqueue(t *target) {
	t.waiting = nil
	c.queue = slices.DeleteFunc(c.queue, func(other *target) bool { return other == t })
	if len(c.queue) == 0 {
		c.line().leave(c)
	}
}

func (c *Checks) line() *checkLine {
	if c.stranger {
		return &c.pacer.strangers
	}
	return &c.pacer.friends
}

// heard notes an authenticated check from an address.
func (c *Checks) heard(conn *stunMuxConn, from netip.AddrPort) {
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	if t := conn.target(from); t != nil {
		t.owed = true
	}
}

// answered returns who has asked what a response on a base is the answer to. Only if
// the peer has signed it, the address and its host count as the peer's.
func (p *pacer) answered(m *STUNMux, response *stun.Message, from netip.AddrPort) *stunMuxConn {
	t, signed := p.settle(m, response, from)
	if t == nil {
		return nil
	}
	if tell := t.checks.Mapped; signed && tell != nil && !m.relayed {
		if seen, err := xorMapped(response); err == nil {
			tell(from, seen)
		}
	}
	return t.conn
}

func (p *pacer) settle(m *STUNMux, response *stun.Message, from netip.AddrPort) (t *target, signed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t = p.asked[response.TransactionID]
	if t == nil || t.mux != m || t.to != from {
		return nil, false
	}
	delete(p.asked, response.TransactionID)
	if pwd := t.checks.pwd; pwd != "" && stun.NewShortTermIntegrity(pwd).Check(response) == nil {
		now := time.Now()
		h := t.checks.host(t, now)
		h.answered, h.last = true, now
		t.sent, t.owed = 0, true
		signed = true
	}
	return t, signed
}

// forget ends what an agent has asked.
func (p *pacer) forget(c *stunMuxConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range c.targets {
		t.checks.unqueue(t)
		for _, id := range t.ids {
			delete(p.asked, id)
		}
	}
	c.targets = nil
}

// request sends a packet of our own to a STUN server, in its turn.
func (c *Checks) request(t *target, packet []byte, later bool) {
	ready := time.Now()
	if later {
		ready = ready.Add(CheckPace)
	}
	c.pacer.mu.Lock()
	c.enqueue(t, packet, ready)
	c.pacer.mu.Unlock()
	c.pacer.run()
}

// withdraw takes back one that has not left.
func (c *Checks) withdraw(t *target) {
	c.pacer.mu.Lock()
	defer c.pacer.mu.Unlock()
	c.unqueue(t)
}
