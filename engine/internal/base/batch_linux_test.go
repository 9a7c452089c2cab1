package base

import (
	"encoding/binary"
	"fmt"
	"net"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

func listenUDP(t *testing.T, network, address string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenPacket(network, address)
	if err != nil {
		t.Skip(err) // a host without IPv6
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.UDPConn)
}

func newMessages(n int) []ipv4.Message {
	messages := make([]ipv4.Message, n)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, 100)}
		messages[i].OOB = make([]byte, 100)
	}
	return messages
}

func TestBatchReader(t *testing.T) {
	for _, network := range []struct{ name, any, local string }{
		{"udp4", "0.0.0.0:0", "127.0.0.1"}, {"udp6", "[::]:0", "::1"}, {"udp", ":0", "127.0.0.1"}, {"udp", ":0", "::1"},
	} {
		t.Run(network.name+" from "+network.local, func(t *testing.T) {
			socket := listenUDP(t, network.name, network.any)
			socket.SetDeadline(await.Deadline())
			to := &net.UDPAddr{IP: net.ParseIP(network.local), Port: socket.LocalAddr().(*net.UDPAddr).Port}
			r, err := newBatchReader(socket)
			if err != nil {
				t.Fatal(err)
			}
			messages := newMessages(packets)
			for i := range 2*maxPeers + 1 { // more than it remembers
				from := listenUDP(t, "udp", net.JoinHostPort(network.local, "0"))
				for _, text := range []string{"first", "second one", ""} {
					text = fmt.Sprint(i, text)
					if _, err := from.WriteTo([]byte(text), to); err != nil {
						t.Fatal(err)
					}
					n, err := r.ReadBatch(messages, 0)
					if n != 1 || err != nil {
						t.Fatal(n, err)
					}
					m := messages[0]
					if got := string(m.Buffers[0][:m.N]); got != text {
						t.Errorf("read %q, want %q", got, text)
					}
					if want := hosts.AddrPort(from.LocalAddr()); hosts.AddrPort(m.Addr) != want {
						t.Errorf("it came from %v, want %v", m.Addr, want)
					}
				}
			}
			if n := len(r.peers); n > maxPeers {
				t.Errorf("%d addresses are remembered", n)
			}
		})
	}
}

func TestBatchReaderReadsWhatIsThere(t *testing.T) {
	socket, from := listenUDP(t, "udp4", "127.0.0.1:0"), listenUDP(t, "udp4", "127.0.0.1:0")
	r, err := newBatchReader(socket)
	if err != nil {
		t.Fatal(err)
	}
	const count = 2*packets + 2
	for i := range count {
		if _, err := from.WriteTo(make([]byte, i), socket.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	socket.SetDeadline(await.Deadline())
	read := 0
	for read < count {
		messages := newMessages(packets)
		n, err := r.ReadBatch(messages, 0)
		if n == 0 || err != nil {
			t.Fatalf("%d messages, %v", n, err)
		}
		for _, m := range messages[:n] {
			if m.N != read {
				t.Errorf("%d bytes, want %d", m.N, read)
			}
			read++
		}
	}
	socket.SetDeadline(time.Now())
	if n, err := r.ReadBatch(newMessages(1), 0); n != 0 || err == nil {
		t.Errorf("after the deadline: %d, %v", n, err)
	}
	socket.Close()
	if n, err := r.ReadBatch(newMessages(1), 0); n != 0 || err == nil {
		t.Errorf("after the end: %d, %v", n, err)
	}
}

// TestBatchReaderTakesApart what was sent in one piece: each packet in its place, with what the
// system says of it, however few are asked for at a time; one that is too long is cut.
func TestBatchReaderTakesApart(t *testing.T) {
	socket, from := listenUDP(t, "udp4", "127.0.0.1:0"), listenUDP(t, "udp4", "127.0.0.1:0")
	r, err := newBatchReader(socket)
	if err != nil {
		t.Fatal(err)
	}
	socket.SetDeadline(await.Deadline())
	const size, count, last = 90, 20, 7
	piece := make([]byte, size*count+last)
	for i := range piece {
		piece[i] = byte(i / size)
	}
	oob := make([]byte, unix.CmsgSpace(2))
	header := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	header.Level, header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], size)
	to := socket.LocalAddr().(*net.UDPAddr)
	for asked := 1; asked <= 2*packets; asked *= 2 {
		if _, _, err := from.WriteMsgUDP(piece, oob, to); err != nil {
			t.Fatal(err)
		}
		if _, err := from.WriteTo(make([]byte, 150), to); err != nil {
			t.Fatal(err)
		}
		for read := 0; read < count+2; {
			messages := newMessages(asked)
			n, err := r.ReadBatch(messages, 0)
			if n == 0 || err != nil {
				t.Fatal(n, err)
			}
			for _, m := range messages[:n] {
				want := size
				switch read {
				case count:
					want = last
				case count + 1:
					want = 100 // of 150
				}
				if m.N != want || read <= count && m.Buffers[0][0] != byte(read) || hosts.AddrPort(m.Addr) != hosts.AddrPort(from.LocalAddr()) {
					t.Errorf("packet %d: %d bytes of %d from %v", read, m.N, m.Buffers[0][0], m.Addr)
				}
				if cut := m.Flags&unix.MSG_TRUNC != 0; cut != (read == count+1) {
					t.Errorf("packet %d: cut %v", read, cut)
				}
				read++
			}
		}
	}
}
