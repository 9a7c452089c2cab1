package engine

import (
	"net/netip"
	"sync/atomic"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// way is what carries a session: an app moves its end (mover), and a device goes along
// (follower).
type way interface {
	// attach is called before all others; end ends the session, and moved is called, and must
	// not block, when it has moved.
	attach(end func(Code), moved func())
	// where says what carries the session now.
	where() route
	// rerouted reports, after a change of the network, that the system sends from another
	// address of this host than before.
	rerouted() bool
	// lost is called when nothing comes back any more, again and again while that is so; told
	// is when it is the peer's packets that are not answered.
	lost(told bool)
	// settled is called when the peer looks for no other path.
	settled()
	// close is called at the session's end, when its connection has ended.
	close()
}

// route is a path, and the addresses at its ends.
type route struct {
	kind          Path
	local, remote netip.AddrPort // the zero value: not known
}

// routes finds out how the system reaches an address. That costs a socket, so the last
// answer is kept.
type routes struct {
	network hosts.Network
	port    func() uint16 // of the endpoint's socket
	last    atomic.Pointer[route]
}

// straightTo is the route to an address that no relay is on.
func (r *routes) straightTo(remote netip.AddrPort) route {
	last := r.last.Load()
	if last == nil || last.remote != remote {
		last = &route{directKind(r.network, remote.Addr()), netip.AddrPortFrom(r.source(remote), r.port()), remote}
		r.last.Store(last)
	}
	return *last
}

func (r *routes) source(remote netip.AddrPort) netip.Addr {
	return hosts.SourceTo(r.network.NAT64().Out(remote))
}

// to is the route to an address, of a kind that is known.
func (r *routes) to(remote netip.AddrPort, kind Path) route {
	found := r.straightTo(remote)
	found.kind = kind
	return found
}

// rerouted reports that the last address is reached from another one than before.
func (r *routes) rerouted() bool {
	last := r.last.Load()
	if last == nil {
		return false
	}
	now := *last
	now.local = netip.AddrPortFrom(r.source(last.remote), r.port())
	r.last.Store(&now)
	return now.local != last.local
}
