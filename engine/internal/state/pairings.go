package state

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

func (s *Store) Secret() [names.SecretSize]byte { return [names.SecretSize]byte(s.Now().Secret) }

func (s *Store) ResetSecret() error {
	fresh := make([]byte, names.SecretSize)
	rand.Read(fresh)
	return s.change(func(now *File) (*File, error) {
		changed := now.clone()
		changed.Secret = fresh
		return changed, nil
	})
}

func (s *Store) Paired(appID string) bool {
	_, ok := s.Now().Paired[appID]
	return ok
}

// pairing is an app that is remembered.
type pairing struct {
	AppID, UID string
	Since      time.Time
}

// Pairings are all, the oldest first.
func (f *File) Pairings() []pairing {
	var all []pairing
	for id, since := range f.Paired {
		all = append(all, pairing{AppID: id, UID: f.UIDs[id], Since: since})
	}
	slices.SortFunc(all, func(a, b pairing) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return strings.Compare(a.AppID, b.AppID)
	})
	return all
}

// right is why an app may have a session.
type right int

const (
	NoRight   right = iota // a stranger, who at most knows the id
	byTicket               // it has proved the ticket's secret
	byPairing              // it is remembered
)

// RightOf says what right an app has now; proven reports whether it has proved
// that it holds a secret.
func (f *File) RightOf(appID string, proven func(secret [names.SecretSize]byte) bool) right {
	if _, paired := f.Paired[appID]; paired {
		return byPairing
	}
	if proven([names.SecretSize]byte(f.Secret)) {
		return byTicket
	}
	return NoRight
}

var errPairingsFull = errors.New("no more apps can be paired: unpair some")

// Enter looks once more, after all that took time, what right an app has, and
// remembers it in the same step: with the ticket it is paired from now on, and
// what a paired one calls its user is kept. An app whose pairing or ticket has
// gone meanwhile is a stranger. The error is that it could not be remembered.
func (s *Store) Enter(appID, uid string, proven func(secret [names.SecretSize]byte) bool) (right, error) {
	has := NoRight
	err := s.change(func(now *File) (*File, error) {
		has = now.RightOf(appID, proven)
		since := time.Now().UTC().Truncate(time.Second)
		switch has {
		case NoRight:
			return nil, nil
		case byPairing:
			if now.UIDs[appID] == uid {
				return nil, nil
			}
			since = now.Paired[appID]
		case byTicket:
			if len(now.Paired) >= maxPairings {
				return nil, errPairingsFull
			}
		}
		changed := now.clone()
		put(&changed.Paired, appID, since)
		put(&changed.UIDs, appID, uid)
		return changed, nil
	})
	return has, err
}

func (s *Store) Unpair(appID string) (known bool, err error) {
	err = s.change(func(now *File) (*File, error) {
		if _, known = now.Paired[appID]; !known {
			return nil, nil
		}
		changed := now.clone()
		delete(changed.Paired, appID)
		delete(changed.UIDs, appID)
		return changed, nil
	})
	return known, err
}
