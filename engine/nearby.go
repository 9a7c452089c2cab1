package engine

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/internal/state"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// nearby is what an app knows of where devices are without asking a server.
type nearby struct {
	finder   *discovery.Finder // nil: the local network is not asked
	identity keys.Identity
	state    *state.Store
	reach    func() paths.Reach
	workers  *panics.Group

	mu      sync.Mutex
	told    map[string][]netip.AddrPort     // by device id, the latest first
	waiting map[string][]chan<- paths.Found // attempts that run
}

const (
	maxTold = 4 // addresses of one device
	maxNear = 8 // that wait to be taken
)

func newNearby(e *endpoint) *nearby {
	n := &nearby{
		identity: e.identity,
		state:    e.state,
		reach:    func() paths.Reach { return paths.ReachOn(e.config.network, signal.ICEServers{}) },
		workers:  &e.workers,
		told:     make(map[string][]netip.AddrPort),
		waiting:  make(map[string][]chan<- paths.Found),
	}
	if e.config.usesLAN() {
		n.finder = &discovery.Finder{Port: e.config.LANPort, Go: e.workers.Go, Log: e.log}
	}
	return n
}

// AddAddress tells the app of an address, "ip:port", at which the device of a
// target was found by other means. Attempts that run try it at once, later ones
// from their start.
func (a *App) AddAddress(of *Target, address string) error {
	parsed, err := netip.ParseAddrPort(address)
	plain := netip.AddrPortFrom(parsed.Addr().Unmap(), parsed.Port())
	if err == nil {
		err = a.nearby.reach().Check(plain)
	}
	if err != nil {
		return codes.Because(ErrInvalidParameter, fmt.Errorf("%q is not an address such as 192.168.1.20:4711 or [fe80::1%%eth0]:4711: %w", address, err))
	}
	return a.nearby.tell(of.deviceID, plain)
}

func (n *nearby) tell(deviceID string, address netip.AddrPort) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !hasRoom(n.told, maxDevices, deviceID) {
		return errManyDevices
	}
	told := n.told[deviceID]
	told = slices.DeleteFunc(told, func(other netip.AddrPort) bool { return other == address })
	told = slices.Insert(told, 0, address)
	n.told[deviceID] = told[:min(len(told), maxTold)]
	for _, waiter := range n.waiting[deviceID] {
		offerPath(waiter, paths.Found{Remote: address, Straight: true})
	}
	return nil
}

// offerPath never blocks: a path that is dropped comes again, or is one of too
// many.
func offerPath(to chan<- paths.Found, p paths.Found) {
	select {
	case to <- p:
	default:
	}
}

// watch returns the addresses of a device that are known, and brings the paths to those that become known, until stop.
func (n *nearby) watch(to *Target) (known []netip.AddrPort, found chan paths.Found, stop func()) {
	found = make(chan paths.Found, maxNear)
	reach := n.reach()
	n.mu.Lock()
	defer n.mu.Unlock()
	all := slices.Clone(n.told[to.deviceID])
	if last, ok := n.state.Place(to.deviceID); ok {
		all = append(all, last)
	}
	for _, address := range append(all, to.hints...) {
		if !slices.Contains(known, address) && reach.Allows(address) {
			known = append(known, address)
		}
	}
	n.waiting[to.deviceID] = append(n.waiting[to.deviceID], found)
	return known, found, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		rest := slices.DeleteFunc(n.waiting[to.deviceID], func(other chan<- paths.Found) bool { return other == found })
		if n.waiting[to.deviceID] = rest; len(rest) == 0 {
			delete(n.waiting, to.deviceID)
		}
	}
}

// ask looks for a device in the local network until ctx ends.
func (n *nearby) ask(ctx context.Context, deviceID string, found chan<- paths.Found) {
	if n.finder == nil {
		return
	}
	key, err := ident.SealingKey(deviceID)
	if err != nil {
		return
	}
	mark, err := markFor(n.identity, deviceID)
	if err != nil {
		return
	}
	n.workers.Go(func() {
		n.finder.Search(ctx, key, mark, func(address netip.AddrPort) {
			offerPath(found, paths.Found{Remote: address, Straight: true, Near: true})
		})
	})
}

// reached remembers where a device was reached, if it would be tried there again.
func (n *nearby) reached(deviceID string, address netip.AddrPort) {
	n.workers.Go(func() {
		if !n.reach().Allows(address) {
			return
		}
		if err := n.state.Reached(deviceID, address); err != nil {
			n.workers.Log.Warn("the device's address is not remembered", "error", err)
		}
	})
}
