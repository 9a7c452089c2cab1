package gate

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Handshakes counts the connections of a device that have begun and not ended
// their handshake. Each takes memory and time of a processor for somebody who has
// proved little, so they are few, and shared fairly among the addresses they come
// from; and while there are more than a few, an address has to prove that it is
// not made up (RFC 9000, section 8.1.2), which costs the device nothing.
type Handshakes struct {
	guard panics.Guard

	mu   sync.Mutex
	open limit.Shares[netip.Addr]
}

const (
	busyHandshakes = 16
	maxHandshakes  = 128
)

func NewHandshakes(guard panics.Guard) *Handshakes {
	return &Handshakes{guard: guard, open: limit.Shares[netip.Addr]{Most: maxHandshakes}}
}

// Busy reports whether addresses have to be proved.
func (h *Handshakes) Busy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open.Taken() >= busyHandshakes
}

var errManyHandshakes = errors.New("too many handshakes at a time")

type handshakeKey struct{}

// Begin counts a handshake, until it is done or ctx ends with its connection.
func (h *Handshakes) Begin(ctx context.Context, from net.Addr) (context.Context, error) {
	source := limit.Source(hosts.AddrPort(from).Addr())
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.open.Take(source) {
		return nil, errManyHandshakes
	}
	give := sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.open.Give(source)
	})
	h.guard.WhenDone(ctx, give)
	return context.WithValue(ctx, handshakeKey{}, give), nil
}

// Done is called with the context of a connection whose handshake has ended well.
func (h *Handshakes) Done(conn context.Context) {
	if give, ok := conn.Value(handshakeKey{}).(func()); ok {
		give()
	}
}
