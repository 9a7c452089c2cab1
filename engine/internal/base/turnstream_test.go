package base

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
)

// pipes: both ends of a stream that takes nothing unless somebody reads.
func pipes(t *testing.T) (ours *turnStream, theirs net.Conn) {
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	return &turnStream{Conn: a}, b
}

// A server that takes no more holds nobody up: what finds no room is lost, and the stream goes on when there is room.
func TestTURNStreamLosesWhatFindsNoRoom(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		ours, theirs := pipes(t)
		took := bubble.Took(func() {
			for range 100 {
				if n, err := ours.Write([]byte("lost")); n != 4 || err != nil {
					t.Fatal(n, err)
				}
			}
		})
		if took < streamPatience || took > 2*streamPatience {
			t.Errorf("100 datagrams waited for %v", took)
		}
		got := make(chan []byte)
		go func() {
			buffer := make([]byte, 100)
			n, _ := theirs.Read(buffer)
			got <- buffer[:n]
		}()
		time.Sleep(time.Second) // until it reads
		if n, err := ours.Write([]byte("whole")); n != 5 || err != nil {
			t.Error(n, err)
		}
		if read := <-got; !bytes.Equal(read, []byte("whole")) {
			t.Errorf("read %q", read)
		}
	})
}

// After a part of a message nothing can be read any more.
func TestTURNStreamEndsWithAPart(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		ours, theirs := pipes(t)
		go theirs.Read(make([]byte, 2))
		time.Sleep(time.Second)
		if _, err := ours.Write([]byte("in two parts")); err == nil {
			t.Error("no error")
		}
		if _, err := ours.Write([]byte("another")); err == nil {
			t.Error("the stream goes on")
		}
	})
}

// TLS has no second try, and its goodbye waits for five seconds.
func TestTURNStreamOverTLSEnds(t *testing.T) {
	bubble.Run(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		ours := &turnStream{Conn: tls.Client(a, &tls.Config{InsecureSkipVerify: true})}
		took := bubble.Took(func() {
			if _, err := ours.Write([]byte("hello")); err == nil { // the handshake, which nobody answers
				t.Error("no error")
			}
			ours.Close()
		})
		if took > 2*streamPatience {
			t.Errorf("waited for %v", took)
		}
	})
}

// On a real socket: whoever closes a relay whose server takes nothing does not wait for it.
func TestTURNStreamToADeadServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ours := &turnStream{Conn: conn}
	defer ours.Close()
	packet := make([]byte, 1200)
	for end := await.Deadline(); !ours.full; {
		if _, err := ours.Write(packet); err == io.ErrClosedPipe || time.Now().After(end) {
			t.Fatal("the buffers of the system take everything: ", err)
		}
		if err != nil {
			return // in the middle of a packet: that is an end, too
		}
	}
}
