package discovery

import (
	"crypto/hpke"
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// Responder decides which queries a device answers. It has bounds for all it
// remembers, and neither a socket nor a clock.
type Responder struct {
	key     hpke.PrivateKey
	started time.Time

	friends func() []Friend

	mu      sync.Mutex
	taken   limit.Once                 // all that were answered
	recent  limit.Map[label, *asked]   // those of them that come in several copies yet
	others  limit.Map[label, struct{}] // queries that get no answer, and come in several copies too
	budgets *budgets
}

// asked is a query that this device answers.
type asked struct {
	answer  []byte
	shared  []byte
	until   time.Time // copies are answered until then
	copies  []sentCopy
	knocked netip.AddrPort // from where, if it was a knock
}

// sentCopy is whom an answer was sent to, and when last.
type sentCopy struct {
	to netip.AddrPort
	at time.Time
}

// MaxFriends bounds what it takes to look for a mark: 64 times 0.1 µs.
const MaxFriends = 64

const (
	repeatFor = 2 * time.Second       // on several links, and a knock in case that one was lost
	sameCopy  = 20 * time.Millisecond // broadcast and multicast bring one query several times

	maxTaken  = 4096
	maxRecent = 1024
	maxOthers = 64
	maxCopies = 16 // addresses from which one query may come
)

// Surroundings are what a device knows of who may ask. Its functions are called for
// questions, and must not block.
type Surroundings struct {
	Started  time.Time             // when the device did: what was asked before that is not answered
	Friends  func() []Friend       // whose questions are opened first, MaxFriends of them; nil: nobody's
	Networks func() []netip.Prefix // of this host; nil: none
}

// NewResponder answers for the holder of key.
func NewResponder(key hpke.PrivateKey, s Surroundings) *Responder {
	r := &Responder{key: key, started: s.Started, friends: s.Friends, budgets: newBudgets(s.Networks)}
	r.taken.Most, r.recent.Most, r.others.Most = maxTaken, maxRecent, maxOthers
	return r
}

// Answer returns what to send to who asks, or nil.
func (r *Responder) Answer(packet []byte, from netip.AddrPort, now time.Time) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.hear(packet, from, now)
	if a == nil {
		return nil
	}
	return a.again(from, now)
}

// Knocked returns the secret that the device shares with who knocks, or nil. A
// knock is good for where it came from first: who has read it on its way and sends
// it from elsewhere hears nothing.
func (r *Responder) Knocked(packet []byte, from netip.AddrPort, now time.Time) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.hear(packet, from, now)
	if a == nil || now.After(a.until) {
		return nil
	}
	if !a.knocked.IsValid() {
		a.knocked = from
	}
	if a.knocked != from {
		return nil
	}
	return a.shared
}

// hear reads a query, or finds one that came before; nil: it is not for us, or one
// too many. It needs the lock.
func (r *Responder) hear(packet []byte, from netip.AddrPort, now time.Time) *asked {
	if !IsQuery(packet) {
		return nil
	}
	name := labelOf(packet)
	if a, ok := r.recent.Get(name); ok {
		return a
	}
	if _, ok := r.others.Get(name); ok {
		return nil
	}
	if !r.budgets.draw(r.friend(packet), from.Addr(), now) {
		return nil
	}
	q, made, ok := openQuery(r.key, packet)
	if !ok || !r.isNew(name, made, now) {
		r.others.Put(name, struct{}{})
		return nil
	}
	a := &asked{answer: q.answer, shared: q.shared, until: now.Add(repeatFor)}
	r.recent.Put(name, a)
	return a
}

// friend returns the id of the app whose mark is on a query, or "".
func (r *Responder) friend(packet []byte) string {
	if r.friends == nil {
		return ""
	}
	friends := r.friends()
	for _, f := range friends[:min(len(friends), MaxFriends)] {
		if f.Mark.isOn(packet) {
			return f.ID
		}
	}
	return ""
}

// isNew reports whether a query cannot be a recorded one: nobody shall recognise the
// device by repeating what somebody else has asked. It was made not long ago, since
// the device is here, and after all those that it has answered and forgotten.
func (r *Responder) isNew(name label, made int64, now time.Time) bool {
	at := time.UnixMilli(made)
	return ident.Fresh(at, now) && !at.Before(ident.Began(r.started, now)) && r.taken.Take(name, made, now.UnixMilli())
}

// again answers a copy of a query, for a moment.
func (a *asked) again(from netip.AddrPort, now time.Time) []byte {
	if now.After(a.until) {
		a.copies = nil
		return nil
	}
	for i := range a.copies {
		c := &a.copies[i]
		if c.to != from {
			continue
		}
		if now.Sub(c.at) < sameCopy {
			return nil
		}
		c.at = now
		return a.answer
	}
	if len(a.copies) == maxCopies {
		return nil
	}
	a.copies = append(a.copies, sentCopy{from, now})
	return a.answer
}
