package base

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// pipes: both ends of a stream that takes nothing unless somebody reads.
func pipes() (ours *turnStream, theirs net.Conn) {
	a, b := net.Pipe()
	return newTURNStream(a, panics.Guard{}), b
}

// A server that takes nothing holds nobody up, neither who sends nor who closes, and its connection does not outlive that
// for long.
func TestTURNStreamToADeadServer(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		ours, theirs := pipes()
		took := bubble.Took(func() {
			for range 2 * streamQueue {
				if n, err := ours.Write([]byte("lost")); n != 4 || err != nil {
					t.Fatal(n, err)
				}
			}
			ours.Close()
			if _, err := ours.Read(make([]byte, 1)); err == nil {
				t.Error("who reads is not told")
			}
			if _, err := ours.Write([]byte("late")); err == nil {
				t.Error("it takes more after its end")
			}
		})
		if took > 0 {
			t.Errorf("took %v", took)
		}
		time.Sleep(lastWords)
		if _, err := io.ReadAll(theirs); err != nil {
			t.Error(err)
		}
	})
}

// The last message gives an allocation back.
func TestTURNStreamHasLastWords(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		ours, theirs := pipes()
		ours.Write([]byte("good"))
		ours.Write([]byte("bye"))
		ours.Close()
		if read, err := io.ReadAll(theirs); err != nil || string(read) != "goodbye" {
			t.Errorf("%q, %v", read, err)
		}
	})
}

// On real sockets, whose buffers end in the middle of a datagram, and over TLS, which has no second try: who has read
// nothing for longer than anybody waits reads whole datagrams then, and new ones.
func TestTURNStreamGoesOnAfterAStandstill(t *testing.T) {
	t.Run("TCP", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		standStill(t, listener, func() (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) })
	})
	t.Run("TLS", func(t *testing.T) {
		identified := httptest.NewTLSServer(nil) // has a certificate
		defer identified.Close()
		listener, err := tls.Listen("tcp", "127.0.0.1:0", identified.TLS)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		standStill(t, listener, func() (net.Conn, error) {
			return tls.Dial("tcp", listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		})
	})
}

func standStill(t *testing.T, listener net.Listener, dial func() (net.Conn, error)) {
	accepted := make(chan net.Conn)
	go func() {
		server, err := listener.Accept()
		if err != nil {
			t.Error(err)
		} else if secure, ok := server.(*tls.Conn); ok {
			secure.Handshake()
		}
		accepted <- server
	}()
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	server := <-accepted
	defer server.Close()
	const little = 16 << 10
	if err := errors.Join(raw(conn).(*net.TCPConn).SetWriteBuffer(little), raw(server).(*net.TCPConn).SetReadBuffer(little)); err != nil {
		t.Fatal(err)
	}
	ours := newTURNStream(conn, panics.Guard{})
	defer ours.Close()

	number := uint32(0)
	send := func() {
		datagram := bytes.Repeat([]byte{byte(number)}, 100+int(number%1200))
		binary.BigEndian.PutUint32(datagram, uint32(len(datagram)))
		binary.BigEndian.PutUint32(datagram[4:], number)
		number++
		if _, err := ours.Write(datagram); err != nil {
			t.Fatal(err)
		}
	}
	// The system's buffers are small, so they are full before the queue has left, and what is on its way stands in the middle.
	full := 0
	await.Until(t, "the stream stands still", func() bool {
		if full++; len(ours.waiting) < streamQueue {
			full = 0
		}
		for len(ours.waiting) < streamQueue {
			send()
		}
		return full > 20
	})
	for range 100 {
		send() // lost
	}
	newest := number
	got := 0
	read := func() uint32 {
		got++
		server.SetReadDeadline(await.Deadline())
		head := make([]byte, 8)
		if _, err := io.ReadFull(server, head); err != nil {
			t.Fatal(err)
		}
		n := binary.BigEndian.Uint32(head[4:])
		if size := binary.BigEndian.Uint32(head); size != 100+n%1200 {
			t.Fatalf("datagram %d has a length of %d", n, size)
		}
		rest := make([]byte, 100+n%1200-8)
		if _, err := io.ReadFull(server, rest); err != nil || !bytes.Equal(rest, bytes.Repeat([]byte{byte(n)}, len(rest))) {
			t.Fatalf("datagram %d is another: %v", n, err)
		}
		return n
	}
	last := read()
	for len(ours.waiting) > 0 {
		last = read()
	}
	send()
	for last < newest {
		last = read()
	}
	if last != newest {
		t.Errorf("read datagram %d at last, want %d", last, newest)
	}
	if got == int(number) {
		t.Error("nothing was lost: the stream did not stand still")
	}
}
