package engine

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/keys"
)

// testIdentity is the same for the same number.
func testIdentity(number byte) keys.Identity {
	return keys.New(bytes.Repeat([]byte{number}, ed25519.SeedSize))
}

func TestIDsFitWhereNamesDo(t *testing.T) {
	if id := testIdentity(1).ID; len(id) > maxNameLength {
		t.Errorf("%s has %d characters", id, len(id))
	}
}
