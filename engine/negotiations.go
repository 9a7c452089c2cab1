package engine

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// negotiations are those of an endpoint that run.
type negotiations struct {
	mu   sync.Mutex
	all  map[negotiationKey]*underway
	over map[negotiationKey]time.Time // until when an offer is a late one
}

const (
	// lateOffers is for how long an offer may be on its way here, or wait for its turn here, while
	// its app connects another way.
	lateOffers = 5 * time.Second

	// lateRepeats is the same for a session's search, which may go on: what has ended it here may
	// have been meant for one before.
	lateRepeats = time.Second
)

// maxOver bounds what is remembered; an offer that is taken for one in time costs a search.
const maxOver = 256

// negotiationKey names a negotiation: apps choose the ids, and one must not take
// another's place.
type negotiationKey struct{ peerID, id string }

// underway is a negotiation that runs.
type underway struct {
	*paths.Negotiation
	stop   context.CancelFunc
	places *limit.Shares[string] // of which the peer has taken one; nil: none
}

// errUnderway: there is one of that name already.
var errUnderway = codes.Because(ErrInternal, errors.New("paths are being looked for already"))

// add takes down a negotiation that stop will end, unless there is one of its name, and if
// its peer may have one of the places; nil: there is no limit.
func (ns *negotiations) add(n *paths.Negotiation, stop context.CancelFunc, places *limit.Shares[string]) error {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.all[negotiationKey{n.PeerID, n.ID}] != nil {
		return errUnderway
	}
	if places != nil && !places.Take(n.PeerID) {
		return ErrSessionLimit
	}
	if ns.all == nil {
		ns.all = make(map[negotiationKey]*underway)
	}
	ns.all[negotiationKey{n.PeerID, n.ID}] = &underway{n, stop, places}
	return nil
}

// run runs one that was added until ctx ends.
func (ns *negotiations) run(ctx context.Context, n *paths.Negotiation) {
	defer ns.remove(n)
	n.Run(ctx)
}

func (ns *negotiations) remove(n *paths.Negotiation) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	key := negotiationKey{n.PeerID, n.ID}
	if places := ns.all[key].places; places != nil {
		places.Give(n.PeerID)
	}
	delete(ns.all, key)
}

// end takes down that a peer has no more use for one, whose offer may still come for a while.
func (ns *negotiations) end(peerID, id string, late time.Duration) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(ns.over, func(_ negotiationKey, until time.Time) bool { return !now.Before(until) })
	if len(ns.over) >= maxOver {
		return
	}
	if ns.over == nil {
		ns.over = make(map[negotiationKey]time.Time)
	}
	ns.over[negotiationKey{peerID, id}] = now.Add(late)
}

// isOver reports whether an offer comes late.
func (ns *negotiations) isOver(peerID, id string) bool {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	return time.Now().Before(ns.over[negotiationKey{peerID, id}])
}

// of returns the one with a peer that has an id, or nil.
func (ns *negotiations) of(peerID, id string) *underway {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	return ns.all[negotiationKey{peerID, id}]
}

// with reports whether paths to a peer are being looked for.
func (ns *negotiations) with(peerID string) bool {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	for key := range ns.all {
		if key.peerID == peerID {
			return true
		}
	}
	return false
}

// keyOf returns the ML-KEM key that an app has sent with its offer, or nil.
func (ns *negotiations) keyOf(peerID string) []byte {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	for key, n := range ns.all {
		if key.peerID == peerID && n.PeerKey != nil {
			return n.PeerKey
		}
	}
	return nil
}
