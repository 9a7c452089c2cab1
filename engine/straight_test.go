//go:build thingp2p_quic

package engine

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// Wherever a device was, or was said to be: who hears where it is now dials it there at once, and what is known from the
// start is dialled in turns.
func TestAddressesWhereNobodyIs(t *testing.T) {
	for _, stale := range []int{1, 7, 8, 20} {
		for name, knows := range map[string]bool{"hears": false, "knows": true} {
			t.Run(name, func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(public), w.home(public), nil)
					target, err := p.app.Resolve(p.device.Ticket())
					w.must(err)
					target.server, target.hints = "", nil
					for i := range stale {
						target.hints = append(target.hints, netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(200 + i)}), 9))
					}
					within := time.Second
					if knows {
						target.hints = append(target.hints, netip.MustParseAddrPort(p.device.Address()))
						within += time.Duration(stale/maxStraight) * (handshakeTimeout + time.Second)
					} else {
						tell := time.AfterFunc(500*time.Millisecond, func() { p.app.AddAddress(target, p.device.Address()) })
						defer tell.Stop()
					}
					ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
					defer cancel()
					begun := time.Now()
					if _, err = p.app.Connect(ctx, target, ConnectOptions{Mode: ModeLAN}); err != nil || time.Since(begun) > within {
						t.Errorf("beside %d others: %v after %v", stale, err, time.Since(begun))
					}
				})
			})
		}
	}
}
