//go:build thingp2p_quic

package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/emulator"
)

// The path carries less from one moment on, and says nothing, while its ends stand still now and then, as on a busy
// machine. Whenever that is, a megabyte more arrives soon.
func TestPathNarrowsInMidTransfer(t *testing.T) {
	const soon = 5 * time.Second // ten times as long as it takes as a rule
	const runs = 25
	real, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	for seed := range uint64(runs) {
		bubble.Run(t, func(t *testing.T) {
			l := newNarrowLine(t, seed, real)
			l.wait("large packet", time.Minute, func() bool { return l.large.Load() > 500 })
			time.Sleep(time.Duration(seed) * 13 * time.Millisecond)
			l.narrow.Store(true)
			enough := l.arrived.Load() + 1_000_000
			l.wait(fmt.Sprintf("megabyte more, with seed %d,", seed), soon, func() bool { return l.arrived.Load() >= enough })
		})
	}
}

// narrowLine is a transfer over 40 Mbit/s and a round trip of 40 ms.
type narrowLine struct {
	t              *testing.T
	narrow         atomic.Bool // nothing larger than 1280 bytes passes
	large, arrived atomic.Int64
}

func newNarrowLine(t *testing.T, seed uint64, real *net.UDPConn) *narrowLine {
	t.Helper()
	l := &narrowLine{t: t}
	network := emulator.New(emulator.Options{Seed: seed})
	t.Cleanup(network.Close)
	open := func(ip string) *quicTransport {
		end := &narrowEnd{
			real: real, line: l, own: netip.AddrPortFrom(netip.MustParseAddr(ip), 1000),
			random: rand.New(rand.NewPCG(seed, 0)), packets: make(chan []byte, 1<<12), closed: make(chan struct{}),
		}
		link := emulator.Link{Delay: 10 * time.Millisecond, Rate: 40_000_000}
		end.port = network.Attach(ip, link, link, end.deliver, end.own.Addr())
		transport := newQUICTransport(end, slog.New(slog.DiscardHandler))
		t.Cleanup(func() {
			transport.Close()
			end.Close()
		})
		return transport
	}
	client, server := open("192.0.2.1"), open("192.0.2.2")
	tlsDevice, tlsApp := tlsPair(t)
	listener, err := server.Listen(tlsDevice, quicConfig(time.Minute, false))
	if err != nil {
		t.Fatal(err)
	}
	from, err := client.dial(context.Background(), hosts.AddrPort(server.Conn.LocalAddr()), tlsApp, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	to, err := listener.Accept(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out, err := from.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	var transfer sync.WaitGroup
	transfer.Go(func() { io.Copy(out, endless{}) })
	transfer.Go(func() {
		if in, err := to.AcceptUniStream(context.Background()); err == nil {
			io.Copy(l, in)
		}
	})
	t.Cleanup(func() {
		from.CloseWithError(0, "")
		to.CloseWithError(0, "")
		transfer.Wait()
	})
	return l
}

func (l *narrowLine) Write(p []byte) (int, error) {
	l.arrived.Add(int64(len(p)))
	return len(p), nil
}

func (l *narrowLine) wait(what string, most time.Duration, done func() bool) {
	l.t.Helper()
	for started := time.Now(); !done(); time.Sleep(time.Millisecond) {
		if time.Since(started) > most {
			l.t.Fatalf("no %s within %v", what, most)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// narrowEnd is a socket at an end of the line.
type narrowEnd struct {
	real    *net.UDPConn
	line    *narrowLine
	own     netip.AddrPort
	port    *emulator.Port
	random  *rand.Rand
	packets chan []byte
	once    sync.Once
	closed  chan struct{}
}

const narrowHeaders = 20 + 8 // of IPv4 and UDP

func (e *narrowEnd) deliver(packet []byte) {
	select {
	case e.packets <- append([]byte(nil), packet...):
	default:
	}
}

func (e *narrowEnd) ReadFrom(p []byte) (int, net.Addr, error) {
	select {
	case packet := <-e.packets:
		if e.random.IntN(100) == 0 {
			time.Sleep(time.Duration(e.random.IntN(60)) * time.Millisecond)
		}
		from := net.UDPAddr{IP: net.IP(packet[12:16]), Port: int(binary.BigEndian.Uint16(packet[20:]))}
		return copy(p, packet[narrowHeaders:]), &from, nil
	case <-e.closed:
		return 0, nil, net.ErrClosed
	}
}

func (e *narrowEnd) WriteTo(p []byte, to net.Addr) (int, error) {
	size, peer := narrowHeaders+len(p), hosts.AddrPort(to)
	if size > 1400 {
		e.line.large.Add(1)
	}
	if size > 1280 && e.line.narrow.Load() {
		return len(p), nil
	}
	packet := emulator.NewPacket()
	b := packet.Buffer()
	clear(b[:narrowHeaders])
	b[0], b[9] = 0x45, 17 // IPv4, UDP
	copy(b[12:], e.own.Addr().AsSlice())
	copy(b[16:], peer.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[20:], e.own.Port())
	binary.BigEndian.PutUint16(b[22:], peer.Port())
	copy(b[narrowHeaders:], p)
	packet.SetSize(size)
	e.port.Send(packet)
	return len(p), nil
}

// SyscallConn is for QUIC to tell the system that nothing may be fragmented: without that it sends no large packets.
func (e *narrowEnd) SyscallConn() (syscall.RawConn, error) { return e.real.SyscallConn() }

func (e *narrowEnd) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(e.own) }
func (e *narrowEnd) SetDeadline(t time.Time) error    { return e.SetReadDeadline(t) }
func (*narrowEnd) SetWriteDeadline(t time.Time) error { return nil }

func (e *narrowEnd) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// SetReadDeadline ends a read at once: QUIC closes with it.
func (e *narrowEnd) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		e.Close()
	}
	return nil
}
