package portmap

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Timers.
const (
	// lifetime is what is asked for: a mapping outlives a process that was killed, or is
	// missed after the router's restart, for no longer than that.
	lifetime = 20 * time.Minute
	// leastPause keeps a gateway that grants nearly nothing from being asked all the time.
	leastPause = 30 * time.Second
	// refusedPause is for routers that know nothing of this, or may not do it: most.
	refusedPause = time.Hour
)

// Mapper keeps a mapping for a port of this host while it is wanted. A nil one never has
// any.
type Mapper struct {
	net  hosts.Network
	port func() uint16 // of now
	log  *slog.Logger

	mu      sync.Mutex
	closed  bool
	seen    netip.Addr // from where the host is seen in the internet; invalid: nothing is wanted
	address netip.AddrPort
	until   time.Time
	changed chan struct{} // closed when the address changes

	wanted  chan struct{}
	ctx     context.Context
	stop    context.CancelFunc
	workers panics.Group
	begin   sync.Once

	// Of the goroutine of run.
	nonce [12]byte
	held  *grant // what the gateway has for us
	asked asked
	by    netip.Addr // the gateway
	own   netip.Addr
}

// New makes a mapper for a UDP port, which may become another: then Forget has to be
// called. It asks nobody until a mapping is wanted.
func New(network hosts.Network, port func() uint16, log *slog.Logger) *Mapper {
	m := &Mapper{
		net: network, port: port, log: log,
		changed: make(chan struct{}), wanted: make(chan struct{}, 1),
		workers: panics.Group{Guard: panics.Guard{Log: log}},
	}
	rand.Read(m.nonce[:])
	m.ctx, m.stop = context.WithCancel(context.Background())
	return m
}

// Want makes it have a mapping, if the host is behind a NAT: if the address from which it
// is seen in the internet is none of its own. Nothing waits for the NAT.
func (m *Mapper) Want(seen netip.Addr) {
	if m == nil || !seen.Is4() || m.isOwn(seen) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.seen == seen {
		return
	}
	m.seen = seen
	m.set(netip.AddrPort{}, time.Time{})
	m.wake()
	m.begin.Do(func() { m.workers.Go(m.run) })
}

func (m *Mapper) isOwn(ip netip.Addr) bool {
	return slices.ContainsFunc(m.net.Prefixes(), func(p netip.Prefix) bool { return p.Addr() == ip })
}

// Forget is for a network that is another now: the mapping, and where the host was seen, are
// of the old one.
func (m *Mapper) Forget() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = netip.Addr{}
	m.set(netip.AddrPort{}, time.Time{})
}

// Address is where others reach the port, or invalid, and a channel that is closed when it
// changes.
func (m *Mapper) Address() (address netip.AddrPort, changed <-chan struct{}) {
	if m == nil {
		return netip.AddrPort{}, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Now().Before(m.until) {
		address = m.address
	}
	return address, m.changed
}

// set needs the lock.
func (m *Mapper) set(address netip.AddrPort, until time.Time) {
	lapsed := address.IsValid() && !time.Now().Before(m.until)
	m.until = until
	if address != m.address || lapsed {
		m.address = address
		close(m.changed)
		m.changed = make(chan struct{})
	}
}

func (m *Mapper) wake() {
	select {
	case m.wanted <- struct{}{}:
	default: // it is awake
	}
}

// Close gives the mapping back. It hardly waits for the NAT.
func (m *Mapper) Close() {
	if m == nil {
		return
	}
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.workers.Wait()
}

// run goes on until Close.
func (m *Mapper) run() {
	defer m.release()
	for {
		select {
		case <-m.wanted: // it is what comes now
		default:
		}
		timer := time.NewTimer(m.once())
		select {
		case <-m.wanted:
		case <-timer.C:
		case <-m.ctx.Done():
		}
		timer.Stop()
		if m.ctx.Err() != nil {
			return
		}
	}
}

// once asks for the mapping, or for more time, and returns when to ask again.
func (m *Mapper) once() time.Duration {
	seen, until := m.wants()
	if !seen.IsValid() {
		return refusedPause // Want wakes it up before
	}
	granted, err := m.ask()
	if err == nil {
		m.held = granted
		err = usable(granted, seen)
	}
	switch left := time.Until(until); {
	case err == nil:
		m.log.Debug("the router maps a port", "address", granted.outside, "router", m.by, "lifetime", granted.lifetime, "pcp", granted.isPCP, "upnp", granted.by != nil)
		good := min(granted.lifetime, lifetime)
		m.offer(seen, granted.outside, time.Now().Add(good))
		return max(good/2, leastPause)
	case granted == nil && m.held != nil && left > leastPause:
		m.log.Debug("the router does not prolong a mapping", "error", err)
		return max(left/2, leastPause) // RFC 6887, section 11.2.1
	}
	m.log.Debug("no mapping of a port", "error", err)
	m.release()
	m.offer(seen, netip.AddrPort{}, time.Time{})
	return refusedPause
}

// wants is where the host is seen, if a mapping is wanted, and how long there is one.
func (m *Mapper) wants() (seen netip.Addr, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen, m.until
}

// offer tells an address, or that there is none, unless something else is wanted by now.
func (m *Mapper) offer(seen netip.Addr, address netip.AddrPort, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == seen {
		m.set(address, until)
	}
}
