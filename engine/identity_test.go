package engine

import (
	"bytes"
	"crypto/ed25519"
	"testing"
)

// testIdentity is the same for the same number.
func testIdentity(number byte) identity {
	return newIdentity(bytes.Repeat([]byte{number}, ed25519.SeedSize))
}

func TestIDsFitWhereNamesDo(t *testing.T) {
	if id := testIdentity(1).id; len(id) > maxNameLength {
		t.Errorf("%s has %d characters", id, len(id))
	}
}
