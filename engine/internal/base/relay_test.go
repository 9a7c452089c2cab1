package base

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// scriptedConn is a packet conn whose packets the test makes.
type scriptedConn struct {
	net.PacketConn
	packets chan []byte
}

func (c *scriptedConn) ReadFrom(p []byte) (int, net.Addr, error) {
	packet, ok := <-c.packets
	if !ok {
		return 0, nil, net.ErrClosed
	}
	return copy(p, packet), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4}, nil
}

func (c *scriptedConn) LocalAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 5} }

func TestFaultInARelaysReader(t *testing.T) {
	log, logger := faultlog.New()
	c := &scriptedConn{packets: make(chan []byte)}
	r := newRelay(nil, nil, c, panics.Guard{Log: logger}, NewPacer(panics.Guard{Log: logger}))
	r.Mux = nil
	c.packets <- request("an agent:a peer")
	log.Want(t, "deliver")
	r.conn.Store(NewSideConn(r.Address, nil, logger))
	c.packets <- []byte{0x40, 1, 2}
	close(c.packets)
	<-r.done
	if n, _, err := r.conn.Load().ReadFrom(make([]byte, 10)); n != 3 || err != nil {
		t.Errorf("the packet after: %d bytes, %v", n, err)
	}
}

// guests are expected, others are not.
type guests map[netip.AddrPort]bool

func (guests) Knock([]byte, netip.AddrPort)        {}
func (g guests) MayEnter(from netip.AddrPort) bool { return g[from] }

// Whoever a TURN permission covers gets nothing from the QUIC behind it that the
// device's own socket would not give.
func TestRelayHasTheSameGate(t *testing.T) {
	guest, stranger := netip.MustParseAddrPort("192.0.2.3:3"), netip.MustParseAddrPort("192.0.2.2:2")
	conn := NewSideConn(netip.MustParseAddrPort("192.0.2.1:1"), guests{guest: true}, slog.New(slog.DiscardHandler))
	initial, short := []byte{0xc0, 0, 0, 0, 1}, []byte{0x40, 1}
	arrives := func(p []byte, from netip.AddrPort) bool {
		conn.push(p, from)
		select {
		case <-conn.incoming:
			return true
		default:
			return false
		}
	}
	if arrives(initial, stranger) || !arrives(initial, guest) || !arrives(short, stranger) {
		t.Error("the wrong ones pass")
	}
}

// TestExpectedHosts may send as long as they are expected, and are asked for again when their permission is over, or failed.
func TestExpectedHosts(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		c := &scriptedConn{packets: make(chan []byte)}
		r := newRelay(nil, nil, c, panics.Guard{}, NewPacer(panics.Guard{}))
		asked, fails := 0, false
		r.permit = func(net.Addr) error {
			asked++
			if fails {
				return net.ErrClosed
			}
			return nil
		}
		expect := func(host byte, want int) {
			t.Helper()
			asked = 0
			r.Expect(netip.AddrFrom4([4]byte{192, 0, 2, host}))
			synctest.Wait()
			if asked != want {
				t.Errorf("host %d: asked for %d times, not %d", host, asked, want)
			}
		}
		expect(1, 1)
		expect(1, 0)
		time.Sleep(5 * time.Minute)
		expect(1, 1)
		fails = true
		expect(2, 1)
		fails = false
		expect(2, 1)
		expect(2, 0)
		for host := range byte(maxPermissions - 2) {
			expect(10+host, 1)
		}
		expect(3, 0)
		time.Sleep(5 * time.Minute)
		expect(3, 1)
		close(c.packets)
		<-r.done
	})
}
