package rendezvous

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// maxRelaysPerIP bounds what one address, which may be a whole household or a
// carrier's NAT, can take from the others.
const maxRelaysPerIP = 1024

// relays is the table of relayed transport addresses.
type relays struct {
	homes   []*home // the one of IPv4 first
	ports   PortRange
	max     int
	each    int     // for each name
	rate    float64 // bytes per second, for each name
	listen  func(network, address string) (net.PacketConn, error)
	strange warnings // of what clients cause
	guard   panics.Guard

	toPeers, toClients atomic.Uint64 // bytes of payload
	tooMuch            atomic.Uint64 // of what was dropped, since it was more than the rate
	refused            counts        // relays, by the reason
	forbidden          atomic.Uint64 // peers

	mu       sync.Mutex
	byPort   map[uint16]*relay
	bySource map[netip.Addr]int // by networkOf the client
	owners   map[client]*relay
	holders  map[place]string  // the owner's username
	quotas   map[string]*quota // by name
	drained  chan struct{}     // nil: relays may be had
	others   []netip.AddrPort  // servers that have relays, too
	wg       sync.WaitGroup    // one for each relay
}

// place is from where a relay was asked for: pion has one for each.
type place struct {
	at      *desk
	address netip.AddrPort
}

// What the client is told of, see desk.
var (
	errDraining = errors.New("this server is about to stop")
	errQuota    = errors.New("the client has too many relays")
)

// home is where the relays of an address family are.
type home struct {
	public   netip.Addr // as peers see it
	family   byte       // as REQUESTED-ADDRESS-FAMILY says it
	network  string
	local    netip.Addr // where relays bind: public, or all addresses
	loopback netip.Addr
}

func newHome(public netip.Addr, listen func(network, address string) (net.PacketConn, error)) *home {
	h, everywhere := &home{public, 1, "udp4", public, loopback}, netip.IPv4Unspecified()
	if public.Is6() {
		h, everywhere = &home{public, 2, "udp6", public, netip.IPv6Loopback()}, netip.IPv6Unspecified()
	}
	if probe, err := listen(h.network, netip.AddrPortFrom(public, 0).String()); err == nil {
		probe.Close()
	} else {
		h.local = everywhere
	}
	return h
}

// translates: the public address is not this machine's. Two relays then reach each other
// by the loopback interface and are told each other's public addresses, since not every
// cloud's NAT sends packets back in.
func (h *home) translates() bool { return h.local != h.public }

// Why a relay is refused.
const (
	refusedFull    = "full"
	refusedAddress = "address" // it has too many
	refusedClient  = "client"  // it has too many
	refusedPorts   = "ports"   // none is free
	refusedDrain   = "draining"
)

func newRelays(cfg TURNConfig) *relays {
	r := &relays{
		ports:    cfg.RelayPorts,
		max:      cfg.MaxRelays,
		each:     cfg.MaxRelaysPerClient,
		rate:     float64(cfg.Rate) / 8,
		listen:   net.ListenPacket,
		strange:  warnings{log: cfg.Log},
		guard:    panics.Guard{Log: cfg.Log},
		byPort:   map[uint16]*relay{},
		bySource: map[netip.Addr]int{},
		owners:   map[client]*relay{},
		holders:  map[place]string{},
		quotas:   map[string]*quota{},
		refused:  newCounts(refusedFull, refusedAddress, refusedClient, refusedPorts, refusedDrain),
	}
	if cfg.Net != nil {
		r.listen = cfg.Net.ListenPacket
	}
	for _, public := range cfg.publicIPs() {
		r.homes = append(r.homes, newHome(public, r.listen))
	}
	return r
}

func (r *relays) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byPort)
}

// heldBy returns a client's relay, or nil.
func (r *relays) heldBy(c client) *relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.owners[c]
}

// othersAt reports whether somebody else has a relay that was asked for from c's address.
func (r *relays) othersAt(c client) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	holder, ok := r.holders[place{c.at, c.address}]
	return ok && nameOf(holder) != nameOf(c.username)
}

// has reports whether an address is a relay's.
func (r *relays) has(address netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	relay := r.byPort[address.Port()]
	return relay != nil && relay.address == address
}

// wait returns when all relays are closed. No more may be allocated then.
func (r *relays) wait() { r.wg.Wait() }

// allocate opens a relay for c at a home on a port, or on any port if it is 0. The caller
// closes it.
func (r *relays) allocate(c client, at *home, port int) (*relay, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	source := networkOf(c.address.Addr())
	switch here := r.bySource[source]; {
	case r.drained != nil:
		r.refused.add(refusedDrain)
		return nil, errDraining
	case len(r.byPort) >= r.max:
		r.refused.add(refusedFull)
		r.strange.warn("a relay was refused: too many are in use", "in_use", len(r.byPort), "by_this_address", here)
		return nil, errors.New("all relays are in use")
	case here >= maxRelaysPerIP:
		r.refused.add(refusedAddress)
		r.strange.warn("a relay was refused: its address has too many", "address", source, "relays", here)
		return nil, errQuota
	}
	name := nameOf(c.username)
	quota := r.quotas[name]
	if quota == nil {
		quota = newQuota(r.rate)
	}
	if name != "" && quota.relays >= r.each {
		r.refused.add(refusedClient)
		r.strange.warn("a relay was refused: the client has too many", "client", name, "relays", quota.relays)
		return nil, errQuota
	}
	conn, chosen, err := r.open(at, port)
	if err != nil {
		return nil, err
	}
	enlargeBuffers(conn)
	relay := &relay{
		PacketConn: conn,
		table:      r,
		owner:      c,
		quota:      quota,
		home:       at,
		address:    netip.AddrPortFrom(at.public, chosen),
		peers:      leases[netip.Addr]{most: mostPeers, last: permissionTime},
		channels:   leases[uint16]{most: mostChannels, last: channelTime},
	}
	r.byPort[chosen] = relay
	r.bySource[source]++
	r.owners[c] = relay
	r.holders[place{c.at, c.address}] = c.username
	if name != "" {
		r.quotas[name] = quota
	}
	quota.relays++
	r.wg.Add(1)
	return relay, nil
}

// open binds a port of the range: random, so that it cannot be foreseen, then
// the ones that follow it. The table is locked.
func (r *relays) open(at *home, port int) (net.PacketConn, uint16, error) {
	if port != 0 && (port > 65535 || !r.ports.contains(uint16(port))) {
		return nil, 0, fmt.Errorf("port %d is not one for relays", port)
	}
	first, tries := rand.IntN(r.ports.size()), min(r.ports.size(), r.max+64)
	if port != 0 {
		first, tries = port-int(r.ports.Min), 1
	}
	for i := range tries {
		chosen := r.ports.Min + uint16((first+i)%r.ports.size())
		if r.byPort[chosen] != nil {
			continue
		}
		conn, err := r.listen(at.network, netip.AddrPortFrom(at.local, chosen).String())
		if err == nil {
			return conn, chosen, nil
		}
		if isOfAnyPort(err) {
			r.strange.warn("a relay could not be opened", "error", err)
			return nil, 0, err
		}
	}
	r.refused.add(refusedPorts)
	r.strange.warn("no port is free for a relay: widen -relay-ports", "ports", r.ports)
	return nil, 0, errors.New("no port is free for a relay")
}

// isOfAnyPort reports whether another port would be refused as well.
func isOfAnyPort(err error) bool {
	return slices.ContainsFunc([]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL},
		func(kind error) bool { return errors.Is(err, kind) })
}

func (r *relays) remove(relay *relay) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byPort, relay.address.Port())
	r.noticeDrained()
	drop(r.bySource, networkOf(relay.owner.address.Addr()))
	if r.owners[relay.owner] == relay {
		delete(r.owners, relay.owner)
		delete(r.holders, place{relay.owner.at, relay.owner.address})
	}
	if relay.quota.relays--; relay.quota.relays == 0 {
		delete(r.quotas, nameOf(relay.owner.username))
	}
	r.wg.Done()
}

func drop[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}
