package engine

import (
	"errors"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
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
	sessions := make(map[string]int)
	d.mu.Lock()
	for s := range d.sessions {
		sessions[s.about.peer.AppID]++
	}
	d.mu.Unlock()
	var all []Pairing
	for _, p := range d.state.Now().Pairings() {
		all = append(all, Pairing{AppID: p.AppID, UID: p.UID, Since: p.Since, Sessions: sessions[p.AppID]})
	}
	return all
}

// Unpair makes the device forget an app and ends its sessions at once. An app that
// still has the ticket can come again: see ResetTicket. The error is
// ErrInvalidID if the app is not paired.
func (d *Device) Unpair(appID string) error {
	appID = strings.ToLower(strings.TrimSpace(appID))
	if known, err := d.state.Unpair(appID); err != nil {
		return notSaved(err)
	} else if !known {
		return ErrInvalidID
	}
	d.revoke(appID)
	return nil
}

// revoke ends all that an app has here. Whatever it begins from now on finds out
// by itself that the pairing is gone.
func (d *Device) revoke(appID string) {
	var sessions []*Session
	var admissions []*admission
	d.mu.Lock()
	for s := range d.sessions {
		if s.about.peer.AppID == appID {
			sessions = append(sessions, s)
		}
	}
	for _, a := range d.admissions.all {
		if a.appID == appID {
			a.revoked = true
			admissions = append(admissions, a)
		}
	}
	d.mu.Unlock() // QUIC may take its time
	for _, s := range sessions {
		s.revoke()
	}
	for _, a := range admissions {
		a.conn.close()
	}
}

// ResetTicket gives the device a new ticket: the old one lets nobody in any more.
// Sessions and pairings stay.
func (d *Device) ResetTicket() error {
	if err := d.state.ResetSecret(); err != nil {
		return notSaved(err)
	}
	return nil
}

// notSaved: the device was closed meanwhile, or the disk does not take it.
func notSaved(err error) error {
	if errors.Is(err, ErrInvalidSession) {
		return ErrInvalidSession
	}
	return codes.Because(ErrInternal, err)
}
