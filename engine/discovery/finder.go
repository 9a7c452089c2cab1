package discovery

import (
	"context"
	"crypto/hpke"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Port is the UDP port at which devices listen for queries, unless configured
// otherwise. IANA has not assigned it.
const Port = 47474

// The multicast groups of queries: of the local scope (RFC 2365, section 6.1), and
// transient on the link (RFC 4291, section 2.7).
var (
	group4 = netip.MustParseAddr("239.255.116.112")
	group6 = netip.MustParseAddr("ff12::7432:7032")
)

// Finder asks for devices. It has sockets only while it does.
type Finder struct {
	Port uint16
	Go   func(func()) // starts a goroutine; whoever made it waits for it
	Log  *slog.Logger

	mu       sync.Mutex
	searches map[label]*search
	sockets  map[netip.Addr]*askSocket // by the address that they are bound to
}

type search struct {
	query *query
	found func(netip.AddrPort)
}

// askTimes are when a query goes out after the first one; then it does each
// second.
var askTimes = []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 350 * time.Millisecond}

const (
	askEvery = time.Second
	maxAsked = 8 // queries of one search to which an answer may still come
)

// Search asks for the holder of a key until ctx ends, and calls found with each
// address from which it answers, more than once perhaps. found must not block. Each
// time it asks anew: a device answers a query once, and none that is older than
// itself.
func (f *Finder) Search(ctx context.Context, device hpke.PublicKey, m Mark, found func(netip.AddrPort)) error {
	var asked []label
	defer func() { f.end(asked) }()
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for round := 0; ; round++ {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := time.Now()
		q, err := newQuery(device, m, now)
		if err != nil {
			return err
		}
		asked = append(asked, q.label())
		f.remember(q, found)
		if len(asked) > maxAsked {
			f.forget(asked[0])
			asked = asked[1:]
		}
		f.ask(q.packet)
		next := now.Add(askEvery)
		if round < len(askTimes) {
			next = start.Add(askTimes[round])
		}
		timer.Reset(time.Until(next))
	}
}

func (f *Finder) remember(q *query, found func(netip.AddrPort)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.searches == nil {
		f.searches = make(map[label]*search)
	}
	f.searches[q.label()] = &search{q, found}
}

func (f *Finder) forget(name label) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.searches, name)
}

// end ends a search; the last one closes the sockets.
func (f *Finder) end(asked []label) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range asked {
		delete(f.searches, name)
	}
	if len(f.searches) == 0 {
		for address, s := range f.sockets {
			s.close()
			delete(f.sockets, address)
		}
	}
}

// ask sends a query on all links that are there now.
func (f *Finder) ask(packet []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follow(links())
	for address, s := range f.sockets {
		if !s.send(packet) {
			s.close()
			delete(f.sockets, address) // it is opened again if its address is there
		}
	}
}

// follow makes the sockets those of the links. It needs the lock.
func (f *Finder) follow(links []link) {
	there := make(map[netip.Addr]bool)
	for _, l := range links {
		for _, p := range l.prefixes {
			there[p.Addr()] = true
			f.open(p.Addr(), func() (*askSocket, error) { return openAsk4(l, p, f.Port) })
		}
		if l.local6.IsValid() {
			there[l.local6] = true
			f.open(l.local6, func() (*askSocket, error) { return openAsk6(l, f.Port) })
		}
	}
	for address, s := range f.sockets {
		if !there[address] {
			s.close()
			delete(f.sockets, address)
		}
	}
}

func (f *Finder) open(address netip.Addr, open func() (*askSocket, error)) {
	if f.sockets[address] != nil {
		return
	}
	s, err := open()
	if err != nil {
		f.Log.Debug("the local network cannot be asked", "from", address, "error", err)
		return
	}
	if f.sockets == nil {
		f.sockets = make(map[netip.Addr]*askSocket)
	}
	f.sockets[address] = s
	f.Go(func() { readPackets(s.udp, panics.Guard{Log: f.Log}, f.heard) })
}

// heard is called with each packet that comes.
func (f *Finder) heard(packet []byte, from netip.AddrPort) {
	if !isAnswer(packet) {
		return
	}
	f.mu.Lock()
	s := f.searches[labelOf(packet)]
	f.mu.Unlock()
	if s != nil && s.query.proven(packet) {
		s.found(from)
	}
}
