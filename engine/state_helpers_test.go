package engine

import (
	"log/slog"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/state"
)

// quiet is a log that nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// mustOpenState opens the state in dir, until it is closed or the test ends.
func mustOpenState(t testing.TB, dir string) *state.Store {
	t.Helper()
	s, err := state.Open(dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// pair lets an app in that has the ticket.
func pairApp(s *state.Store, appID, uid string) error {
	_, err := s.Enter(appID, uid, func([names.SecretSize]byte) bool { return true })
	return err
}
