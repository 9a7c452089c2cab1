package rendezvous

import (
	"hash/maphash"
	"net"
	"net/netip"
	"sync"
	"time"
)

// bucket is a token bucket that starts full. Its owner guards it.
type bucket struct {
	missing float64 // from a full one
	last    time.Time
}

func (b *bucket) refill(perSecond float64, now time.Time) {
	if elapsed := now.Sub(b.last); elapsed > 0 {
		b.missing = max(0, b.missing-elapsed.Seconds()*perSecond)
		b.last = now
	}
}

// take takes n tokens out of a bucket of a size, or none if it holds fewer.
func (b *bucket) take(n, perSecond, size float64, now time.Time) bool {
	b.refill(perSecond, now)
	if b.missing+n > size {
		return false
	}
	b.missing += n
	return true
}

// owe takes n tokens and returns how long it takes until all of them are there.
func (b *bucket) owe(n, perSecond, size float64, now time.Time) time.Duration {
	b.refill(perSecond, now)
	b.missing += n
	return time.Duration(max(0, b.missing-size) / perSecond * float64(time.Second))
}

// Each address may begin work for so many connections: a TLS handshake, a login, or
// both. A household or a carrier's NAT, whose devices come back all at once after a
// restart, gets through in seconds.
const (
	attemptsPerSecond = 50
	attemptsAtOnce    = 500
	attemptBuckets    = 1 << 13
)

// attempts limits them. Its memory is bounded: addresses share a fixed number
// of buckets, by a hash that nobody can foresee.
type attempts struct {
	seed maphash.Seed

	mu      sync.Mutex
	buckets [attemptBuckets]bucket
}

func newAttempts() *attempts { return &attempts{seed: maphash.MakeSeed()} }

func (a *attempts) allow(from netip.Addr, now time.Time) bool {
	if !isLimited(from) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b := &a.buckets[maphash.Comparable(a.seed, from)%attemptBuckets]
	return b.take(1, attemptsPerSecond, attemptsAtOnce, now)
}

// sourceOf returns what stands for one client of the internet: its IPv4 address,
// or its network of IPv6, since it has 2^64 addresses there.
func sourceOf(addr net.Addr) netip.Addr { return networkOf(addressOf(addr).Addr()) }

func networkOf(ip netip.Addr) netip.Addr {
	if ip.Is6() {
		if network, err := ip.WithZone("").Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return ip
}

// isLimited reports whether limits for each address apply. Not to this machine:
// everybody comes from there if a proxy stands before the server, and then it is
// the proxy that can tell them apart. Nor to what has no address, like a pipe.
func isLimited(from netip.Addr) bool { return from.IsValid() && !from.IsLoopback() }
