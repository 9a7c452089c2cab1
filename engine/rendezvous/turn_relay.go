package rendezvous

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// lowestPeerPort: relays send nothing below it. Peers behind NATs are never
// there; the DNS, NTP and SNMP servers that a stranger would use a relay
// against are.
const lowestPeerPort = 1024

// relay is the socket of one allocation.
type relay struct {
	net.PacketConn
	table   *relays
	owner   client
	quota   *quota
	home    *home
	address netip.AddrPort // as peers see it
	once    sync.Once

	mu       sync.Mutex
	peers    leases[netip.Addr] // that may send to it, and to whom it sends
	channels leases[uint16]
	ends     time.Time // by when pion lets it end, at the earliest
}

// What a relay grants at a time, as long as pion keeps it (RFC 8656, sections 9 and 12): an app and a device need a few.
const (
	mostPeers    = 128
	mostChannels = 256

	permissionTime = 5 * time.Minute
	channelTime    = 10 * time.Minute
)

// lastGrant is how long before its end a relay grants nothing any more. pion ends an allocation from a timer, and the
// whole process with it if a permission is being made in that moment: its own timer is set a moment after it is there.
const lastGrant = 5 * time.Second

// grants reports whether the relay may be used with a peer, and a channel if it is not 0, from now on.
func (r *relay) grants(peer netip.Addr, channel uint16) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	return !now.Add(lastGrant).After(r.ends) && r.peers.take(peer, now) && (channel == 0 || r.channels.take(channel, now))
}

// lasts takes down that pion keeps it until then.
func (r *relay) lasts(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = until
}

// hears reports whether a peer may send to it: what others send costs its owner nothing.
func (r *relay) hears(peer netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers.has(peer, time.Now())
}

func (r *relay) WriteTo(p []byte, addr net.Addr) (n int, err error) {
	defer r.table.guard.RecoverTo(&err)
	to := addressOf(addr)
	if to.Port() < lowestPeerPort || !r.table.mayReach(to) || !r.pass(len(p)) {
		return len(p), nil
	}
	if r.home.translates() && to.Addr() == r.home.public {
		addr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.home.loopback, to.Port()))
	}
	r.table.toPeers.Add(uint64(len(p)))
	return r.PacketConn.WriteTo(p, addr)
}

func (r *relay) ReadFrom(p []byte) (n int, addr net.Addr, err error) {
	defer r.table.guard.RecoverTo(&err)
	for {
		n, addr, err = r.PacketConn.ReadFrom(p)
		if err != nil {
			return n, addr, err
		}
		if addr = r.seenFrom(addr); r.hears(addressOf(addr).Addr()) && r.pass(n) {
			r.table.toClients.Add(uint64(n))
			return n, addr, nil
		}
	}
}

// seenFrom is where a packet comes from: by the loopback interface, it is from another relay.
func (r *relay) seenFrom(addr net.Addr) net.Addr {
	from := addressOf(addr)
	if other := netip.AddrPortFrom(r.home.public, from.Port()); r.home.translates() && from.Addr().IsLoopback() && r.table.has(other) {
		return net.UDPAddrFromAddrPort(other)
	}
	return addr
}

// pass reports whether a packet of n bytes keeps to the client's rate.
func (r *relay) pass(n int) bool {
	if r.quota.pass(n) {
		return true
	}
	r.table.tooMuch.Add(uint64(n))
	return false
}

// Close never fails: pion leaves other relays open when one does.
func (r *relay) Close() (err error) {
	defer r.table.guard.RecoverTo(&err)
	r.once.Do(func() {
		r.PacketConn.Close()
		r.table.remove(r)
	})
	return nil
}

// mayReach keeps a stranger from what else listens on the public address, which a firewall
// that trusts this machine would not: only other relays are there for him. On loopback all
// are on one machine, for tests and demonstrations.
func (r *relays) mayReach(to netip.AddrPort) bool {
	for _, h := range r.homes {
		if h.public == to.Addr() {
			return h.public.IsLoopback() || r.has(to)
		}
	}
	return true
}
