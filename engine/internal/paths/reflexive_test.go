package paths

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// nameless knows no names.
type nameless struct{ hosts.System }

func (nameless) Resolve(context.Context, string) ([]netip.AddrPort, error) {
	return nil, errors.New("no such host")
}

// TestNameThatIsNotKnown says nothing of UDP.
func TestNameThatIsNotKnown(t *testing.T) {
	r := NewReflexive(nil, nameless{})
	if _, err := r.refresh(t.Context(), []string{"stun.invalid:3478", "stun2.invalid:3478"}, func() { t.Error("a server is asked") }); err == nil {
		t.Error("there is an address")
	}
	if _, blocked := r.Cached(); blocked {
		t.Error("UDP is said to be blocked")
	}
}
