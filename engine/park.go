package engine

import (
	"errors"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/state"
)

// Connections that are parked: of apps with a right to connect that ask for nothing yet.
// They are no admissions meanwhile, so they keep nobody out, and those who have no right
// park none.
const (
	maxParked       = 64
	maxParkedPerApp = 2
	parkTime        = preconnectTime
)

var errNotParked = errors.New("a connection that cannot be parked")

// park keeps a connection until its app asks for a session, and returns the hello with
// which it does. limit closes the connection.
func (d *Device) park(a *admission, control channel.Stream, h hello, limit *time.Timer) (hello, error) {
	proven := func(secret [names.SecretSize]byte) bool { return proves(h, secret, a.binding) }
	if d.state.Now().RightOf(a.appID, proven) == state.NoRight || !d.beginParking(a) {
		return h, errNotParked
	}
	if n := d.negotiations.of(a.appID, h.Trace); n != nil {
		n.Accept()
		a.found = n.Negotiation
		n.stop()
	}
	limit.Reset(verdictTime)
	if err := writeVerdict(control, verdict{Code: OK}); err != nil {
		return h, err
	}
	limit.Reset(parkTime)
	h, err := readHello(control)
	if err == nil && !d.endParking(a) {
		err = errNotParked
	}
	return h, err
}

// beginParking makes an admission a parked connection, unless there are too many.
func (d *Device) beginParking(a *admission) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	all, own := 0, 0
	for _, other := range d.admissions.all {
		if other.parked {
			all++
			if other.appID == a.appID {
				own++
			}
		}
	}
	if a.parked = !d.closed && !a.revoked && all < maxParked && own < maxParkedPerApp; a.parked {
		d.admissions.free(a)
	}
	return a.parked
}

// endParking makes it an admission again, unless there are too many of those.
func (d *Device) endParking(a *admission) bool {
	paired := d.state.Paired(a.appID)
	d.mu.Lock()
	gone, placed := d.admissions.place(a, paired)
	if placed {
		a.parked, a.busy = false, true
	}
	d.mu.Unlock()
	giveWay(gone)
	return placed
}
