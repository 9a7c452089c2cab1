package gate

import (
	"log/slog"
	"net"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// TestHandshakesAreShared: however many handshakes one address begins, another
// finds room, and gives it back.
func TestHandshakesAreShared(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		h := NewHandshakes(panics.Guard{Log: slog.New(slog.DiscardHandler)})
		greedy := &net.UDPAddr{IP: net.ParseIP("192.0.2.1"), Port: 1}
		network := func(host byte) net.Addr {
			return &net.UDPAddr{IP: net.IP{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host}, Port: 1}
		}
		begun := 0
		for range 2 * maxHandshakes {
			if _, err := h.Begin(t.Context(), greedy); err == nil {
				begun++
			}
		}
		if begun != maxHandshakes/2 {
			t.Errorf("one address began %d of %d", begun, maxHandshakes)
		}
		if !h.Busy() {
			t.Error("addresses need no proof")
		}
		begun = 0
		for host := range 2 * maxHandshakes { // of one network
			if _, err := h.Begin(t.Context(), network(byte(host))); err == nil {
				begun++
			}
		}
		if begun != maxHandshakes/4 {
			t.Errorf("one IPv6 network began %d", begun)
		}
		taken := h.open.Taken()
		ctx, err := h.Begin(t.Context(), &net.UDPAddr{IP: net.ParseIP("192.0.2.2"), Port: 1})
		if err != nil {
			t.Fatal(err)
		}
		h.Done(ctx)
		h.Done(ctx)
		if h.open.Taken() != taken {
			t.Error("a place is not given back once")
		}
	})
}
