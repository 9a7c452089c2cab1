package engine

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestStrangersGetNoAnswer: whatever comes to a device's port from who does not
// know the device, it is silent.
func TestStrangersGetNoAnswer(t *testing.T) {
	d := listeningDevice(t)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), d.socket.Port())
	stranger, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for first := range 256 {
		for _, size := range []int{1, 20, 65, 1200} {
			packet := make([]byte, size)
			rand.Read(packet)
			packet[0] = byte(first)
			if _, err := stranger.WriteToUDPAddrPort(packet, to); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, ErrTimeout) // nothing is to come
	defer cancel()
	if _, err := dialFrom(ctx, t, "", to, testIdentity(1).ID); CodeOf(err) != ErrTimeout {
		t.Errorf("who does not know the device: %v", err)
	}
	if _, err := dialFrom(await.Context(t, ErrTimeout), t, d.ID(), to, d.ID()); err != nil {
		t.Errorf("who knows it: %v", err)
	}
	// The device has read all that came before.
	stranger.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if n, _, err := stranger.ReadFromUDPAddrPort(make([]byte, 2000)); err == nil {
		t.Errorf("an answer of %d bytes", n)
	}
}

// dialFrom dials straight to an address, and knocks for a device before it.
func dialFrom(ctx context.Context, t *testing.T, knockFor string, to netip.AddrPort, wantID string) (*carrier, error) {
	t.Helper()
	p := paths.Found{Remote: to, Straight: knockFor == wantID, Pass: gate.NewSecret([]byte("a guess"))}
	c := newCarrier(callerEndpoint(t), p)
	t.Cleanup(c.close)
	return c, c.connect(ctx, p, nil, wantID)
}
