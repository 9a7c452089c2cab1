package engine

import (
	"errors"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

// Status says how a device can be reached now.
type Status struct {
	Listening bool      // Listen was called, and could be done
	Online    bool      // it is connected to its server
	Server    string    // without a password; "": none
	Since     time.Time // when Online has last changed, or Listening if there is no server
	Err       error     // why a device that listens is not online, an ErrSignaling or ErrNoMemory; nil: it is, or has no server
	Address   string    // see Device.Address
	Sessions  int       // that live
}

// Status tells how the device can be reached now.
func (d *Device) Status() Status {
	d.mu.Lock()
	signals := d.signals
	s := Status{
		Listening: d.listening,
		Server:    names.WithoutPassword(d.config.Server),
		Since:     d.since,
		Sessions:  len(d.sessions),
	}
	d.mu.Unlock()
	s.Address = d.Address()
	if signals == nil {
		return s
	}
	var err error
	if s.Online, s.Since, err = signals.Status(); s.Online {
		return s
	}
	if err == nil {
		err = errors.New("the first connection to the server is being made")
	}
	s.Err = codes.Because(ErrSignaling, err)
	return s
}
