package rendezvous

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// Bounds of the memory of logins. Each stays for as long as it could be used
// again: for twice its lifetime, since it may come from a clock that is ahead. What
// the memory has no room for is refused, not forgotten.
const (
	loginMemory = 2 * ident.LoginLifetime
	loginSlice  = 5 * time.Minute // logins that came within one are forgotten together
	loginSlices = int(loginMemory/loginSlice) + 1
	maxLogins   = 1 << 20 // 700 a second, in the long run
)

// notNow is why a client that does nothing wrong has to come again.
type notNow struct{ error }

func (e notNow) Unwrap() error { return e.error }

// The reasons for which a login that is true is refused.
var (
	errUsedLogin  = errors.New("the login has been used before")
	errOlderLogin = notNow{errors.New("the login is older than this server's start, before which it may have been used: its clock is behind, or somebody uses it again")}
	errManyLogins = notNow{errors.New("too many logins within 20 minutes: no other is let in until the server has forgotten some")}
)

// logins remembers which were used since the broker started. Time is told by the
// steady clock: that of the wall may be set.
type logins struct {
	most    int
	started time.Time

	mu     sync.Mutex
	slices [loginSlices]map[loginKey]struct{} // a ring
	now    int64                              // the slice that is filled, since the start
	number int                                // in all
}

// loginKey is a hash of a login's id and nonce.
type loginKey [16]byte

func newLogins(most int, now time.Time) *logins { return &logins{most: most, started: now} }

// checkAge returns an error if l may have been used at a server before this one.
func (s *logins) checkAge(l *ident.Login, now time.Time) error {
	started := now.Add(-now.Sub(s.started)) // by the wall's clock as it is now
	if l.Issued.Before(started.Truncate(time.Millisecond)) {
		return errOlderLogin
	}
	return nil
}

// use remembers l, or returns why it cannot be used.
func (s *logins) use(l *ident.Login, now time.Time) error {
	hash := sha256.Sum256(append([]byte(l.ID), l.Nonce[:]...))
	key := loginKey(hash[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(int64(now.Sub(s.started) / loginSlice))
	for _, slice := range s.slices {
		if _, used := slice[key]; used {
			return errUsedLogin
		}
	}
	if s.number >= s.most {
		return errManyLogins
	}
	filled := &s.slices[s.now%int64(loginSlices)]
	if *filled == nil {
		*filled = map[loginKey]struct{}{}
	}
	(*filled)[key] = struct{}{}
	s.number++
	return nil
}

// advance goes on to a slice, and forgets those whose places in the ring it needs.
func (s *logins) advance(to int64) {
	for i := max(s.now+1, to-int64(loginSlices)+1); i <= to; i++ {
		oldest := &s.slices[i%int64(loginSlices)]
		s.number -= len(*oldest)
		*oldest = nil
	}
	s.now = max(s.now, to)
}
