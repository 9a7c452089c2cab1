package discovery

import (
	"crypto/hpke"
	"net/netip"
	"sync"
	"time"
)

// responder decides which queries a device answers. It has bounds for all it
// remembers, and neither a socket nor a clock.
type responder struct {
	key hpke.PrivateKey

	mu       sync.Mutex
	mine     fifoMap[label, *asked]   // queries for this device
	others   fifoMap[label, struct{}] // queries that get no answer, and come in several copies too
	askers   fifoMap[netip.Addr, *bucket]
	everyone bucket
}

// asked is a query that this device answers.
type asked struct {
	answer []byte
	until  time.Time // copies and repetitions are answered until then
	latest map[netip.AddrPort]time.Time
}

const (
	// clockTolerance is how far the clocks of app and device may be apart: what
	// a wrong time zone makes of them, and less than a day, after which nobody
	// shall recognise the device by a query that was recorded.
	clockTolerance = 14 * time.Hour
	repeatFor      = 30 * time.Second
	sameCopy       = 20 * time.Millisecond // broadcast and multicast bring one query several times

	maxMine   = 1024 // a query is answered once only as long as it is remembered
	maxOthers = 64
	maxAskers = 256
	maxCopies = 16 // addresses from which one query may come
)

// noClock is a time before which a clock was certainly never set.
var noClock = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Queries that are opened per second, which is what they cost.
var (
	perAsker = rate{perSecond: 10, burst: 20}
	inAll    = rate{perSecond: 200, burst: 200}
)

func newResponder(key hpke.PrivateKey) *responder { return &responder{key: key} }

// answer returns what to send to who asks, or nil.
func (r *responder) answer(packet []byte, from netip.AddrPort, now time.Time) []byte {
	if !isQuery(packet) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name := labelOf(packet)
	if a, ok := r.mine.get(name); ok {
		return a.again(from, now)
	}
	if _, ok := r.others.get(name); ok {
		return nil
	}
	asker, ok := r.askers.get(from.Addr())
	if !ok {
		asker = new(bucket)
		r.askers.put(from.Addr(), asker, maxAskers)
	}
	if !asker.take(perAsker, now) || !r.everyone.take(inAll, now) {
		return nil
	}
	made, answer, ok := openQuery(r.key, packet)
	if age := now.Sub(made); !ok || now.After(noClock) && (age > clockTolerance || age < -clockTolerance) {
		r.others.put(name, struct{}{}, maxOthers)
		return nil
	}
	a := &asked{answer: answer, until: now.Add(repeatFor), latest: make(map[netip.AddrPort]time.Time, 1)}
	r.mine.put(name, a, maxMine)
	return a.again(from, now)
}

// again answers a copy of a query. Who repeats one later, having recorded it,
// hears nothing.
func (a *asked) again(from netip.AddrPort, now time.Time) []byte {
	if now.After(a.until) {
		a.latest = nil
		return nil
	}
	last, known := a.latest[from]
	if !known && len(a.latest) >= maxCopies || known && now.Sub(last) < sameCopy {
		return nil
	}
	a.latest[from] = now
	return a.answer
}
