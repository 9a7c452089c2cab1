package paths

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// HostCandidates are the host's own addresses with the socket's port. Loopback
// counts only on a host that has nothing else.
func HostCandidates(network hosts.Network, port uint16) []signal.Candidate {
	var candidates, loopback []signal.Candidate
	for _, ip := range hostAddresses(network) {
		c := signal.Candidate{Type: signal.Host, Address: netip.AddrPortFrom(ip, port)}
		switch {
		case ip.IsLoopback():
			loopback = append(loopback, c)
		case len(candidates) < signal.MaxCandidates/2:
			candidates = append(candidates, c)
		}
	}
	if len(candidates) == 0 {
		return loopback
	}
	return candidates
}

func hostAddresses(network hosts.Network) []netip.Addr {
	var ips []netip.Addr
	for _, p := range network.Prefixes() {
		if !p.Addr().IsLinkLocalUnicast() && limit.MayBeHost(p.Addr()) {
			ips = append(ips, p.Addr())
		}
	}
	return ips
}

// reflexive remembers how the socket looks from outside, since a NAT mapping
// outlives an attempt: the next one can send the address with its first
// message, and learns soon if it has changed.
type reflexive struct {
	mux *base.STUNMux
	net hosts.Network

	mu      sync.Mutex
	address netip.AddrPort
	seen    time.Time
	blocked bool // UDP to the server did not come back the last time
}

func NewReflexive(mux *base.STUNMux, network hosts.Network) *reflexive {
	return &reflexive{mux: mux, net: network}
}

const reflexiveMaxAge = 10 * time.Minute

// Cached returns the address if it was seen not long ago, and whether UDP is
// known to be blocked.
func (r *reflexive) Cached() (address netip.AddrPort, blocked bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.seen) > reflexiveMaxAge {
		return netip.AddrPort{}, r.blocked
	}
	return r.address, r.blocked
}

// Refresh asks the STUN servers in their order until one answers.
func (r *reflexive) Refresh(ctx context.Context, servers []string) (netip.AddrPort, error) {
	known, _ := r.Cached()
	err := error(base.ErrSTUNTimeout)
	for _, server := range servers {
		var addresses []netip.AddrPort
		if addresses, err = r.net.Resolve(ctx, server); err != nil {
			continue
		}
		var address netip.AddrPort
		if address, err = r.mux.MappedAddress(ctx, addresses, known.IsValid()); err == nil {
			r.mu.Lock()
			r.address, r.seen, r.blocked = address, time.Now(), false
			r.mu.Unlock()
			return address, nil
		}
	}
	if ctx.Err() == nil {
		r.suspect()
	}
	return netip.AddrPort{}, err
}

// Forget is for a network that is another now.
func (r *reflexive) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.address, r.blocked = netip.AddrPort{}, false
}

// suspect notes that UDP seems to be blocked.
func (r *reflexive) suspect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = true
}
