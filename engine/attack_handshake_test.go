//go:build linux && !race

package engine

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const handshakeFloodEnv = "THINGP2P_FLOOD_SECONDS" // how long the flood lasts; 60 at night

// TestFloodOfHandshakes: who knows the device's id knocks, and begins 500 handshakes
// a second from then on that it never ends: the device grows by 20 MB at most, and a
// paired app connects.
func TestFloodOfHandshakes(t *testing.T) {
	const perSecond, moreKB = 500, 20 << 10
	lasting := 5 * time.Second
	if text := os.Getenv(handshakeFloodEnv); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		lasting = time.Duration(seconds) * time.Second
	}
	broker := startOpenBroker(t)
	device := startDeviceProcess(t, broker.url)
	friend := newFriend(t, broker.url, t.TempDir())
	connect(t, friend, device.ticket)

	parsed, err := names.ParseTicket(device.ticket)
	if err != nil {
		t.Fatal(err)
	}
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), parsed.Hints[0].Port())
	idleKB := device.residentKB(t)
	begun, stop := floodWithHandshakes(t, device.id, to, perSecond)
	mostKB := idleKB
	for start := time.Now(); time.Since(start) < lasting || begun.Load() < perSecond; {
		clock := await.Start(device.pid)
		connect(t, friend, device.id)
		took := clock.Elapsed()
		t.Logf("a paired app connected after %v", took)
		if took > 2*time.Second {
			t.Errorf("a paired app connected after %v", took)
		}
		mostKB = max(mostKB, device.residentKB(t))
		time.Sleep(lasting / 10)
	}
	answered := stop()
	t.Logf("%d handshakes, %d packets came back; memory %d KB, at most %d KB", begun.Load(), answered, idleKB, mostKB)
	if mostKB > idleKB+moreKB {
		t.Errorf("memory grew from %d to %d KB", idleKB, mostKB)
	}
}

// floodWithHandshakes sends first packets of handshakes, which it counts, until stop,
// which returns how many packets came back.
func floodWithHandshakes(t *testing.T, deviceID string, to netip.AddrPort, perSecond int) (begun *atomic.Int64, stop func() (answered int)) {
	t.Helper()
	sealing, err := ident.SealingKey(deviceID)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}) // not the friend's address
	if err != nil {
		t.Fatal(err)
	}
	initials := firstPackets(t, 256)
	ctx, cancel := context.WithCancel(context.Background())
	begun = new(atomic.Int64)
	ended, came := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for buffer := make([]byte, 2000); ; n++ {
			if _, _, err := socket.ReadFromUDPAddrPort(buffer); err != nil {
				came <- n
				return
			}
		}
	}()
	go func() {
		n := 0
		ticker := time.NewTicker(time.Second / time.Duration(perSecond))
		defer ticker.Stop()
		for ; ctx.Err() == nil; n++ {
			if n%len(initials) == 0 {
				// The same connection ids begin new handshakes once the device has given
				// the old ones up; and a visit has an end.
				if knock, _, err := discovery.Knock(sealing, discovery.Mark{}, time.Now()); err == nil {
					socket.WriteToUDPAddrPort(knock, to)
				}
			}
			socket.WriteToUDPAddrPort(initials[n%len(initials)], to)
			begun.Add(1)
			<-ticker.C
		}
		close(ended)
	}()
	return begun, func() int {
		cancel()
		<-ended
		socket.Close()
		return <-came
	}
}

// firstPackets are those of handshakes that quic-go would begin.
func firstPackets(t *testing.T, count int) [][]byte {
	t.Helper()
	var packets [][]byte
	for range count {
		recorder := &recordedConn{packets: make(chan []byte, 16), closed: make(chan struct{})}
		transport := &quic.Transport{Conn: recorder}
		config, err := testIdentity(1).DialConfig("", gate.NewSecret([]byte("a guess")).ServerName())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			transport.Dial(ctx, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1}, config, quicConfig(time.Minute, true))
			close(done)
		}()
		packets = append(packets, <-recorder.packets)
		cancel()
		<-done
		transport.Close()
		recorder.Close()
	}
	return packets
}

// recordedConn keeps what is written, and reads nothing.
type recordedConn struct {
	net.PacketConn
	packets chan []byte
	closed  chan struct{}
}

func (c *recordedConn) WriteTo(p []byte, _ net.Addr) (int, error) {
	select {
	case c.packets <- append([]byte(nil), p...):
	default:
	}
	return len(p), nil
}

func (c *recordedConn) ReadFrom([]byte) (int, net.Addr, error) {
	<-c.closed
	return 0, nil, net.ErrClosed
}

func (c *recordedConn) LocalAddr() net.Addr               { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 2} }
func (c *recordedConn) SetReadDeadline(t time.Time) error { c.Close(); return nil }
func (c *recordedConn) Close() error {
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return nil
}
