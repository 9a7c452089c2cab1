//go:build linux

package lab

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// fetch has client connect to server by TCP, and server send size bytes, which
// must arrive unchanged. It returns how long that took.
func fetch(t testing.TB, server, client *Host, size int) time.Duration {
	t.Helper()
	var listener net.Listener
	var conn net.Conn
	var err error
	server.Do(func() { listener, err = net.Listen("tcp", net.JoinHostPort(server.IP().String(), "0")) })
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client.Do(func() { conn, err = net.DialTimeout("tcp", listener.Addr().String(), await.Limit) })
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	data := make([]byte, size)
	rand.Read(data)
	go func() {
		if accepted, err := listener.Accept(); err == nil {
			accepted.Write(data)
			accepted.Close()
		}
	}()
	start := time.Now()
	conn.SetReadDeadline(await.Deadline())
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d of %d bytes arrived, or others: %v", len(got), size, err)
	}
	return time.Since(start)
}

func TestTCP(t *testing.T) {
	for _, kind := range []Kind{FullCone, PortRestricted, Symmetric, UDPBlocked} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			l := newNATLab(t, kind)
			took := fetch(t, l.knownHost, l.host, 4_000_000)
			t.Logf("%.0f Mbit/s", 32/took.Seconds())
			if kind == UDPBlocked {
				l.app.send(l.known.addr(), "blocked")
				fetch(t, l.knownHost, l.host, 1)
				if up, _ := l.net.Stats(l.nat); up.Blocked != 1 {
					t.Errorf("UDP is not blocked: %+v", up)
				}
			}
		})
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	n := New(t, Options{})
	server := n.PublicHost("server", Link{})
	host := n.NAT("home", PortRestricted, Link{Delay: 5 * ms, Rate: 20_000_000}).Host("app")
	clock := await.Start()
	took := fetch(t, server, host, 2_000_000)
	own := clock.Less(took)
	if rate := 16 / took.Seconds(); rate > 20 || own.Seconds() > 16./14 {
		t.Errorf("%.1f Mbit/s through a link of 20, and %v of waiting for a processor", rate, took-own)
	}
}

// TestSegmentation sends several packets by one call (UDP GSO), and packets of the
// full MTU.
func TestSegmentation(t *testing.T) {
	t.Parallel()
	l := newNATLab(t, PortRestricted)
	raw, err := l.app.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, 1472)
	})
	if err != nil {
		t.Skipf("no UDP segmentation offload here: %v", err)
	}
	var parts []string
	for i := range 10 {
		parts = append(parts, strings.Repeat(fmt.Sprint(i), 1472))
	}
	l.app.send(l.known.addr(), strings.Join(parts, ""))
	for _, part := range parts {
		l.known.expect(part)
	}
}

func TestIPv6(t *testing.T) {
	t.Parallel()
	n := New(t, Options{IPv6: true})
	a, b := n.PublicHost("a", Link{}), n.PublicHost("b", Link{})
	a.addr, b.addr = a.IP6(), b.IP6()
	from, to := listen(t, a), listen(t, b)
	from.send(to.addr(), "hello")
	to.send(to.expect("hello"), "back")
	from.expect("back")
}

// BenchmarkTCP is one TCP connection through a NAT: how much a lab can carry.
func BenchmarkTCP(b *testing.B) {
	n := New(b, Options{})
	server := n.PublicHost("server", Link{})
	host := n.NAT("home", PortRestricted, Link{Delay: 2 * ms}).Host("app")
	const size = 50_000_000
	b.SetBytes(size)
	for b.Loop() {
		fetch(b, server, host, size)
	}
}
