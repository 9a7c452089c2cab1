//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

const ms = time.Millisecond

// TestMain fails if a test has left a namespace behind.
func TestMain(m *testing.M) {
	code := m.Run()
	left, _ := filepath.Glob(fmt.Sprintf("%s/%s-%d-*", namespaceDir, namespacePrefix, os.Getpid()))
	if len(left) > 0 {
		fmt.Println("namespaces left behind:", left)
		code = 1
	}
	os.Exit(code)
}

// socket is a UDP socket on a host.
type socket struct {
	*net.UDPConn
	t *testing.T
}

func listen(t *testing.T, h *Host) socket {
	t.Helper()
	s := socket{t: t}
	var err error
	h.Do(func() { s.UDPConn, err = net.ListenUDP("udp", &net.UDPAddr{IP: h.IP().AsSlice()}) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (s socket) addr() netip.AddrPort { return s.LocalAddr().(*net.UDPAddr).AddrPort() }

func (s socket) send(to netip.AddrPort, text string) {
	s.t.Helper()
	if _, err := s.WriteToUDPAddrPort([]byte(text), to); err != nil {
		s.t.Fatal(err)
	}
}

// receive returns the next packet and its source.
func (s socket) receive() (string, netip.AddrPort) {
	s.t.Helper()
	buffer := make([]byte, 2048)
	s.SetReadDeadline(await.Deadline())
	n, from, err := s.ReadFromUDPAddrPort(buffer)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(buffer[:n]), netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// expect receives a packet, which must be the given one, and returns its source.
func (s socket) expect(text string) netip.AddrPort {
	s.t.Helper()
	got, from := s.receive()
	if got != text {
		s.t.Fatalf("received %q from %v, want %q", got, from, text)
	}
	return from
}

// try sends a packet that may be dropped on its way, and returns when it has gone as
// far as it can: a second packet takes the same up link, behind the first, to a
// witness who is reached in any case. No link may have a delay.
func (s socket) try(to netip.AddrPort, text string, witness socket) {
	s.t.Helper()
	s.send(to, text)
	s.send(witness.addr(), "witness")
	witness.expect("witness")
}
