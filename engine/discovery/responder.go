package discovery

import (
	"crypto/hpke"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// Responder decides which queries a device answers. It has bounds for all it
// remembers, and neither a socket nor a clock.
type Responder struct {
	key hpke.PrivateKey

	mu       sync.Mutex
	mine     limit.Map[label, *asked]   // queries for this device
	others   limit.Map[label, struct{}] // queries that get no answer, and come in several copies too
	askers   limit.Senders[netip.Addr]
	everyone *rate.Limiter
}

// asked is a query that this device answers.
type asked struct {
	answer  []byte
	shared  []byte
	until   time.Time // copies and repetitions are answered until then
	copies  []sentCopy
	knocked netip.AddrPort // from where, if it was a knock
}

// sentCopy is whom an answer was sent to, and when last.
type sentCopy struct {
	to netip.AddrPort
	at time.Time
}

const (
	repeatFor = 30 * time.Second
	sameCopy  = 20 * time.Millisecond // broadcast and multicast bring one query several times

	maxMine   = 1024 // a query is answered once only as long as it is remembered
	maxOthers = 64
	maxAskers = 256
	maxCopies = 16 // addresses from which one query may come
)

// Queries that are opened per second, which is what they cost.
const (
	askerPerSecond, askerBurst = 50, 200 // a gateway's app may open many sessions at once
	allPerSecond, allBurst     = 300, 300
)

// NewResponder answers for the holder of key.
func NewResponder(key hpke.PrivateKey) *Responder {
	r := &Responder{key: key, everyone: rate.NewLimiter(allPerSecond, allBurst)}
	r.mine.Most, r.others.Most, r.askers.Most = maxMine, maxOthers, maxAskers
	r.askers.PerSecond, r.askers.Burst = askerPerSecond, askerBurst
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
	if a, ok := r.mine.Get(name); ok {
		return a
	}
	if _, ok := r.others.Get(name); ok {
		return nil
	}
	if !r.askers.Allow(from.Addr(), now) || !r.everyone.AllowN(now, 1) {
		return nil
	}
	q, made, ok := openQuery(r.key, packet)
	if !ok || !ident.Fresh(made, now) { // a day later nobody shall recognise the device by a recorded query
		r.others.Put(name, struct{}{})
		return nil
	}
	a := &asked{answer: q.answer, shared: q.shared, until: now.Add(repeatFor)}
	r.mine.Put(name, a)
	return a
}

// again answers a copy of a query. Who repeats one later, having recorded it,
// hears nothing.
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
