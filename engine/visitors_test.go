package engine

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestStrangersGetNoAnswer: whatever comes to a device's port from who does not
// know the device, it is silent.
func TestStrangersGetNoAnswer(t *testing.T) {
	d := listeningDevice(t)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), d.socket.port)
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
	e, err := newEndpoint(Config{UID: "user"}, 'a')
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.release)
	if err := e.quic.start(); err != nil {
		t.Fatal(err)
	}
	p := foundPath{remote: to, straight: knockFor == wantID, pass: newPassSecret([]byte("a guess"))}
	c := newCarrier(e, p)
	t.Cleanup(c.close)
	return c, c.dial(ctx, p, nil, wantID)
}

func TestVisitsEnd(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		device := testIdentity(1)
		opening, err := ident.OpeningKey(device.Key)
		if err != nil {
			t.Fatal(err)
		}
		v := newVisitors(discovery.NewResponder(opening, discovery.Surroundings{Started: time.Now()}))
		here := netip.MustParseAddrPort("192.0.2.1:1")
		if v.mayEnter(here) {
			t.Error("nobody was expected")
		}
		v.knock([]byte{0x20}, here)
		sealing, err := ident.SealingKey(testIdentity(2).ID)
		if err != nil {
			t.Fatal(err)
		}
		wrong, _, err := discovery.Knock(sealing, discovery.Mark{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		v.knock(wrong, here)
		if v.mayEnter(here) {
			t.Error("a knock for somebody else is taken")
		}
		v.expect(here)
		if !v.mayEnter(here) || v.mayEnter(netip.MustParseAddrPort("192.0.2.1:2")) {
			t.Error("the wrong one is expected")
		}
		time.Sleep(visitTime)
		if v.mayEnter(here) {
			t.Error("a visit has no end")
		}
		for port := range uint16(2 * maxVisitors) {
			v.expect(netip.AddrPortFrom(here.Addr(), port))
		}
		if v.until.Len() > maxVisitors {
			t.Errorf("%d are remembered", v.until.Len())
		}
	})
}
