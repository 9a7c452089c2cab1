package base

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

func TestAliasStandsForAnAddress(t *testing.T) {
	s := Socket{network: hosts.System{}}
	first, second := s.Alias(peerIPv4.Addr()), s.Alias(peerIPv6.Addr())
	if first == second || !aliases4.Contains(first.Addr()) || !aliases6.Contains(second.Addr()) {
		t.Fatalf("aliases %v and %v", first, second)
	}
	if to, ok := s.resolve(first); ok {
		t.Errorf("before it stands for anything: %v", to)
	}
	for _, want := range []netip.AddrPort{peerIPv4, peerIPv6} {
		s.Bind(first, want)
		if to, ok := s.resolve(first); to != want || !ok {
			t.Errorf("resolved to %v, %v, want %v", to, ok, want)
		}
	}
	if to, ok := s.resolve(second); ok {
		t.Errorf("the other alias: %v", to)
	}
	if to, ok := s.resolve(peerIPv4); to != peerIPv4 || !ok {
		t.Errorf("a real address: %v, %v", to, ok)
	}
	s.Unbind(first)
	if to, ok := s.resolve(first); ok {
		t.Errorf("after its end: %v", to)
	}
}

func TestOnlyFatalWriteErrorsReachQUIC(t *testing.T) {
	wrapped := func(err error) error {
		return &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendmsg", err)}
	}
	for _, err := range []error{nil, net.ErrClosed, wrapped(syscall.EMSGSIZE), wrapped(syscall.EIO), &net.OpError{Err: net.ErrClosed}} {
		if got := fatalWriteError(err); got != err {
			t.Errorf("%v becomes %v", err, got)
		}
	}
	for _, err := range []error{
		wrapped(syscall.ENETUNREACH), wrapped(syscall.EHOSTUNREACH), wrapped(syscall.ENETDOWN), wrapped(syscall.EPERM),
		wrapped(syscall.ECONNREFUSED), wrapped(syscall.ENOBUFS), wrapped(syscall.EINVAL), wrapped(syscall.EADDRNOTAVAIL),
		errors.New("other"), fmt.Errorf("wrapped: %w", syscall.EAGAIN),
	} {
		if got := fatalWriteError(err); got != nil {
			t.Errorf("%v ends a connection", err)
		}
	}
}

func TestPacketsToAnUnboundAliasAreDropped(t *testing.T) {
	s, err := OpenSocket(hosts.System{}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn := s.PacketConn().(*batchConn)
	n, _, err := conn.WriteMsgUDP([]byte("packet"), nil, net.UDPAddrFromAddrPort(s.Alias(peerIPv4.Addr())))
	if n != len("packet") || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestPacketsToAnAliasArrive(t *testing.T) {
	s, err := OpenSocket(hosts.System{}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	alias := s.Alias(hosts.AddrPort(peer.LocalAddr()).Addr())
	s.Bind(alias, hosts.AddrPort(peer.LocalAddr()))
	if _, _, err := s.PacketConn().(*batchConn).WriteMsgUDP([]byte("packet"), nil, net.UDPAddrFromAddrPort(alias)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	n, from, err := peer.ReadFromUDPAddrPort(p)
	if err != nil || string(p[:n]) != "packet" || from.Port() != s.Port() {
		t.Errorf("%q from %v, %v", p[:n], from, err)
	}
}

func TestWriteAfterCloseIsFatal(t *testing.T) {
	s, err := OpenSocket(hosts.System{}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.WriteTo([]byte("packet"), netip.MustParseAddrPort("127.0.0.1:9")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestAliasesAreAllDifferent(t *testing.T) {
	s := Socket{network: hosts.System{}}
	seen := make(map[netip.AddrPort]bool)
	for range 10_000 {
		for _, like := range []netip.AddrPort{peerIPv4, peerIPv6} {
			alias := s.Alias(like.Addr())
			if seen[alias] || alias.Addr().Is4() != like.Addr().Is4() {
				t.Fatalf("alias %v for %v", alias, like)
			}
			seen[alias] = true
		}
	}
}
