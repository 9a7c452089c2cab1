package engine

import (
	"net/netip"
	"slices"

	"github.com/thingp2p/libthingp2p/engine/limit"
)

// Places of connections that have no session, and are not parked: for apps that are paired, and for the others, who
// may hold the ticket, and have not said so yet.
const (
	maxAdmittingFriends = 256
	maxAdmittingOthers  = 128
)

// admissions are a device's connections that are on their way to a session. Nobody is kept out by those who make most
// of them: each holds as many places as are free, and those who have no right, or have not said that they do, give way,
// the first to come first.
// Their owner guards them.
type admissions struct {
	all     []*admission // in the order in which they came
	friends limit.Shares[comer]
	others  limit.Shares[comer]
}

// comer is whom a place is counted for: a paired app, or else the network that somebody comes from, since ids cost
// nothing.
type comer struct {
	app     string
	network netip.Addr
}

func newAdmissions() admissions {
	return admissions{friends: limit.Shares[comer]{Most: maxAdmittingFriends}, others: limit.Shares[comer]{Most: maxAdmittingOthers}}
}

func comerOf(a *admission, paired bool) comer {
	if paired {
		return comer{app: a.appID}
	}
	return comer{network: a.network}
}

// add adds a connection that has got a place.
func (t *admissions) add(a *admission) { t.all = append(t.all, a) }

// place gives a connection a place, as that of a paired app or not. Those that have given way for it are to be closed.
func (t *admissions) place(a *admission, paired bool) (gone []*admission, placed bool) {
	of, places := comerOf(a, paired), &t.others
	if paired {
		places = &t.friends
	}
	for !places.Take(of) {
		idle := t.idle(places, of)
		if idle == nil {
			return gone, false
		}
		t.free(idle)
		gone = append(gone, idle)
	}
	a.places, a.comer = places, of
	return gone, true
}

// idle is the one that gives way to another of a comer's: its own first, or, if it has none, anybody's.
func (t *admissions) idle(places *limit.Shares[comer], of comer) *admission {
	var first *admission
	own := false
	for _, a := range t.all {
		if a.places != places {
			continue
		}
		own = own || a.comer == of
		switch {
		case a.busy:
		case a.comer == of:
			return a
		case first == nil:
			first = a
		}
	}
	if own {
		return nil
	}
	return first
}

// free gives a connection's place back, if it has one.
func (t *admissions) free(a *admission) {
	if a.places != nil {
		a.places.Give(a.comer)
		a.places = nil
	}
}

// remove forgets a connection, and gives its place back.
func (t *admissions) remove(a *admission) {
	t.free(a)
	t.all = slices.DeleteFunc(t.all, func(other *admission) bool { return other == a })
}
