package engine

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pairing is an app that a device remembers: it needs no ticket.
type Pairing struct {
	AppID    string
	UID      string    // of its user, as the app said when it came last
	Since    time.Time // by the device's clock, in seconds
	Sessions int       // that it has now
}

// Pairings returns the apps that the device remembers, the oldest first.
func (d *Device) Pairings() []Pairing {
	all := d.state.pairings()
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range all {
		for s := range d.sessions {
			if s.about.peer.AppID == all[i].AppID {
				all[i].Sessions++
			}
		}
	}
	return all
}

// Unpair makes the device forget an app and ends its sessions at once. An app that
// still has the ticket can come again: see ResetTicket. The error is
// ErrInvalidID if the app is not paired.
func (d *Device) Unpair(appID string) error {
	known, err := d.state.unpair(strings.ToLower(appID))
	if err != nil {
		return because(ErrInternal, err)
	}
	if !known {
		return ErrInvalidID
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.sessions {
		if s.about.peer.AppID == strings.ToLower(appID) {
			s.revoke()
		}
	}
	return nil
}

// ResetTicket gives the device a new ticket: the old one lets nobody in any more.
// Sessions and pairings stay.
func (d *Device) ResetTicket() error {
	if err := d.state.resetSecret(); err != nil {
		return because(ErrInternal, err)
	}
	return nil
}

func (s *state) secret() [secretSize]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return [secretSize]byte(s.file.Secret)
}

func (s *state) resetSecret() error {
	fresh := make([]byte, secretSize)
	rand.Read(fresh)
	return s.change(func(f *stateFile) { f.Secret = fresh })
}

func (s *state) paired(appID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.file.Paired[appID]
	return ok
}

func (s *state) pairings() []Pairing {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Pairing
	for id, since := range s.file.Paired {
		all = append(all, Pairing{AppID: id, UID: s.file.UIDs[id], Since: since})
	}
	slices.SortFunc(all, func(a, b Pairing) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.AppID, b.AppID)
	})
	return all
}

// pair remembers an app that has shown the ticket, and what a paired one calls its
// user now.
func (s *state) pair(appID, uid string) error {
	s.mu.Lock()
	since, known := s.file.Paired[appID]
	same, full := known && s.file.UIDs[appID] == uid, !known && len(s.file.Paired) >= maxPairings
	s.mu.Unlock()
	switch {
	case same:
		return nil
	case full:
		return fmt.Errorf("%d apps are paired already: unpair some", maxPairings)
	case !known:
		since = time.Now().UTC().Truncate(time.Second)
	}
	return s.change(func(f *stateFile) {
		put(&f.Paired, appID, since)
		put(&f.UIDs, appID, uid)
	})
}

func (s *state) unpair(appID string) (known bool, err error) {
	if !s.paired(appID) {
		return false, nil
	}
	return true, s.change(func(f *stateFile) {
		delete(f.Paired, appID)
		delete(f.UIDs, appID)
	})
}
