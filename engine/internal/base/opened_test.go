//go:build linux

package base

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
)

// openReader opens a socket that somebody reads.
func openReader(t *testing.T) (s *Socket, conn *batchConn, packets chan string, ended chan error) {
	t.Helper()
	s, err := OpenSocket(hosts.System{}, nil, faultlog.None(t))
	if err != nil {
		t.Fatal(err)
	}
	conn = s.PacketConn().(*batchConn)
	if err := conn.SetReadBuffer(50_000); err != nil {
		t.Fatal(err)
	}
	packets, ended = make(chan string, 1), make(chan error, 1)
	go func() {
		messages := []ipv4.Message{{Buffers: [][]byte{make([]byte, 100)}}}
		for {
			n, err := conn.ReadBatch(messages, 0)
			if err != nil {
				ended <- err
				return
			}
			if n > 0 {
				packets <- string(messages[0].Buffers[0][:messages[0].N])
			}
		}
	}()
	return s, conn, packets, ended
}

// A socket that the system has taken away is replaced: with the same port, and what QUIC
// has set on it. Who reads and writes notices nothing.
func TestSocketIsReplaced(t *testing.T) {
	for name, take := range map[string]func(s *Socket){
		"its reads fail": func(s *Socket) { s.now.Load().Close() },
		"it has lost its address": func(s *Socket) {
			udp := s.now.Load().udp
			s.Revive()
			if !isAlive(udp) {
				t.Error("a socket that is alive was closed")
			}
			loseAddress(t, udp)
			if isAlive(udp) {
				t.Fatal("a socket without an address counts as alive")
			}
			s.Revive()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, conn, packets, ended := openReader(t)
			defer s.Close()
			old, port := s.now.Load(), s.Port()
			take(s)
			peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			// A packet from there shows that the reading goes on, and that it comes to the same port.
			for heard := false; !heard; {
				if _, err := peer.WriteTo([]byte("\x40packet"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Fatal(err)
				}
				select {
				case p := <-packets:
					heard = p == "\x40packet"
				case err := <-ended:
					t.Fatal(err)
				default:
				}
			}
			if s.now.Load() == old {
				t.Error("it is the same socket")
			}
			size := 0
			raw, err := s.now.Load().udp.SyscallConn()
			if err == nil {
				raw.Control(func(fd uintptr) { size, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF) })
			}
			if err != nil || size != 100_000 { // the kernel doubles it
				t.Errorf("a buffer of %d bytes, %v", size, err)
			}
			alias := s.Alias(hosts.AddrPort(peer.LocalAddr()).Addr())
			s.Bind(alias, hosts.AddrPort(peer.LocalAddr()))
			if _, _, err := conn.WriteMsgUDP([]byte("answer"), nil, net.UDPAddrFromAddrPort(alias)); err != nil {
				t.Error(err)
			}
			p := make([]byte, 100)
			if n, err := peer.Read(p); string(p[:n]) != "answer" {
				t.Errorf("%q, %v", p[:n], err)
			}
			s.Close()
			for ending := true; ending; {
				select {
				case <-packets: // what had come in one piece is still taken apart
				case err := <-ended:
					ending = false
					if !errors.Is(err, net.ErrClosed) {
						t.Errorf("after the end: %v", err)
					}
				}
			}
		})
	}
}

// A write to a socket that is being replaced is a lost packet, and not the end.
func TestWriteBetweenSockets(t *testing.T) {
	s, err := OpenSocket(hosts.System{}, nil, faultlog.None(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.now.Load().Close()
	if err := s.WriteTo([]byte("packet"), peerIPv4); err != nil {
		t.Error(err)
	}
}

// QUIC ends a read with a deadline, also one on a socket that has taken another's place.
func TestDeadlineOutlivesASocket(t *testing.T) {
	s, conn, _, ended := openReader(t)
	defer s.Close()
	conn.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	s.now.Load().Close()
	if err := s.reopen(false); err != nil {
		t.Fatal(err)
	}
	messages := []ipv4.Message{{Buffers: [][]byte{make([]byte, 100)}}}
	if _, err := conn.ReadBatch(messages, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

// loseAddress does what systems do that take a socket away: it has no port after this.
func loseAddress(t *testing.T, udp *net.UDPConn) {
	t.Helper()
	raw, err := udp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	other, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(other)
	raw.Control(func(fd uintptr) { err = unix.Dup3(other, int(fd), unix.O_CLOEXEC) })
	if err != nil {
		t.Fatal(err)
	}
}

// stingy is a system that has no sockets for a while, and whose reads fail now and then.
type stingy struct {
	hosts.System
	none     atomic.Bool
	failures atomic.Int32
}

func (s *stingy) Listen(port uint16) (net.PacketConn, error) {
	if s.none.Load() {
		return nil, syscall.EMFILE
	}
	conn, err := s.System.Listen(port)
	return &hiccups{conn, s}, err
}

type hiccups struct {
	net.PacketConn
	system *stingy
}

func (h *hiccups) ReadFrom(p []byte) (int, net.Addr, error) {
	if h.system.failures.Add(-1) >= 0 {
		return 0, nil, &net.OpError{Op: "read", Net: "udp", Err: os.NewSyscallError("recvmsg", syscall.ENOBUFS)}
	}
	return h.PacketConn.ReadFrom(p)
}

// While there is no socket to be had, QUIC can end the reading all the same.
func TestReadingEndsWithoutASocket(t *testing.T) {
	system := new(stingy)
	s, err := OpenSocket(system, nil, faultlog.None(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn, ended := s.PacketConn(), make(chan error, 1)
	system.none.Store(true)
	s.now.Load().Close()
	go func() {
		_, _, err := conn.ReadFrom(make([]byte, 100))
		ended <- err
	}()
	conn.SetReadDeadline(time.Unix(1, 0))
	if err := <-ended; err == nil {
		t.Error("it has read something")
	}
}

// An error that passes ends nothing, and does not cost the socket.
func TestPassingErrorsPass(t *testing.T) {
	system := new(stingy)
	s, err := OpenSocket(system, nil, faultlog.None(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first := s.now.Load()
	system.failures.Store(3)
	packet := make(chan error, 1)
	go func() {
		_, _, err := s.PacketConn().ReadFrom(make([]byte, 100))
		packet <- err
	}()
	if err := s.WriteTo([]byte("\x40packet"), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), s.Port())); err != nil {
		t.Fatal(err)
	}
	if err := <-packet; err != nil || s.now.Load() != first {
		t.Errorf("%v, another socket: %v", err, s.now.Load() != first)
	}
}

// Who tells others of the port hears when it is another.
func TestPortIsTakenMeanwhile(t *testing.T) {
	s, err := OpenSocket(hosts.System{}, nil, faultlog.None(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	moved := make(chan uint16, 1)
	s.Moved = func() { moved <- s.Port() }
	old := s.Port()
	s.now.Load().Close()
	thief, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(old)})
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	go s.PacketConn().ReadFrom(make([]byte, 100))
	if now := <-moved; now == old {
		t.Error("it is the same port")
	}
}
