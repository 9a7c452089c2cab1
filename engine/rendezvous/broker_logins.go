package rendezvous

import (
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// loginMemory: how long a login that was used once must be remembered. From the
// future by as much as a clock may be wrong, it lasts that much longer.
const (
	loginMemory = 2 * ident.LoginLifetime
	maxLogins   = 1 << 16 // in each generation; more than that are forgotten early
)

// logins remembers which were used. The older of two generations is dropped
// when the newer is full or has lasted for as long as it must.
type logins struct {
	mu           sync.Mutex
	newer, older map[loginKey]struct{}
	since        time.Time
}

type loginKey struct {
	id    string
	nonce [16]byte
}

// first remembers l and reports whether it is new.
func (s *logins) first(l *ident.Login, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.newer == nil || now.Sub(s.since) >= loginMemory || len(s.newer) >= maxLogins {
		s.newer, s.older, s.since = map[loginKey]struct{}{}, s.newer, now
	}
	key := loginKey{l.ID, l.Nonce}
	if _, used := s.newer[key]; used {
		return false
	}
	if _, used := s.older[key]; used {
		return false
	}
	s.newer[key] = struct{}{}
	return true
}
