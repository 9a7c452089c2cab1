package paths

import (
	"context"
	"errors"
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

	first, second view // of address, and by another server
	compared      view // what the first one said when the other was asked
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

var errNoSTUN = errors.New("there is no STUN server")

// refresh asks the STUN servers in their order until one answers. Only a server that was asked and
// says nothing is a sign that UDP is blocked.
func (r *reflexive) refresh(ctx context.Context, servers []string, asks func()) (netip.AddrPort, error) {
	known, _ := r.Cached()
	err, silent := errNoSTUN, len(servers) == 0 // then nobody knows: a relay does no harm
	for _, server := range servers {
		var addresses []netip.AddrPort
		if addresses, err = r.net.Resolve(ctx, server); err != nil {
			continue
		}
		asks()
		var address netip.AddrPort
		if address, err = r.mux.MappedAddress(ctx, addresses, known.IsValid()); err == nil {
			r.mu.Lock()
			r.address, r.seen, r.blocked, r.first = address, time.Now(), false, view{addresses[0], address}
			r.mu.Unlock()
			return address, nil
		}
		silent = silent || errors.Is(err, base.ErrSTUNTimeout)
	}
	if silent && ctx.Err() == nil {
		r.suspect()
	}
	return netip.AddrPort{}, err
}

// Forget is for a network that is another now.
func (r *reflexive) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.address, r.blocked = netip.AddrPort{}, false
	r.second, r.compared = view{}, view{}
}

// suspect notes that UDP seems to be blocked.
func (r *reflexive) suspect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blocked = true
}

// view is how the socket looks from a STUN server.
type view struct{ from, seen netip.AddrPort }

// compare returns how the socket looks from two STUN servers, if there are two: that tells
// what kind of NAT there is. The second one is asked when what the first one says is new.
func (r *reflexive) compare(ctx context.Context, servers []string) []view {
	r.mu.Lock()
	first, second := r.first, r.second
	known := r.compared == first
	r.compared = first
	r.mu.Unlock()
	if !known {
		second = r.ask(ctx, servers, first.from)
		r.mu.Lock()
		r.second = second
		r.mu.Unlock()
	}
	if second.seen.IsValid() {
		return []view{first, second}
	}
	return []view{first}
}

// ask asks the first server that is somewhere else.
func (r *reflexive) ask(ctx context.Context, servers []string, but netip.AddrPort) view {
	for _, server := range servers {
		addresses, err := r.net.Resolve(ctx, server)
		if err != nil || addresses[0] == but {
			continue
		}
		seen, _ := r.mux.MappedAddress(ctx, addresses, true)
		return view{addresses[0], seen}
	}
	return view{}
}
