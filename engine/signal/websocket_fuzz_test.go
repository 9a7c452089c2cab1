package signal

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// upgrade is what a server answers (RFC 6455, section 4.2.2).
func upgrade(request *http.Request) string {
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n"
}

// FuzzWebSocket: whatever a server answers to a WebSocket, and says on one, the dial ends, and no more comes out than went in.
func FuzzWebSocket(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"), false)
	f.Add([]byte("HTTP/1.1 101 Switching Protocols\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), false)
	f.Add([]byte("\x82\x02\x10\x00"), true)                         // a binary message
	f.Add([]byte("\x02\x01\x10\x80\x00\x82\x00\x82\x01\x00"), true) // one in two frames, an empty one, another
	f.Add([]byte("\x89\x00\x88\x00"), true)                         // a ping, the end
	f.Add([]byte("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), true) // a large one
	f.Fuzz(func(t *testing.T, said []byte, upgraded bool) {
		synctest.Test(t, func(t *testing.T) {
			server, err := ParseServer("ws://server.test")
			if err != nil {
				t.Fatal(err)
			}
			log := slog.New(slog.DiscardHandler)
			c := &Client{guard: panics.Guard{Log: log}, cfg: Config{Server: server, Log: log, Connect: func(context.Context, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					request, err := http.ReadRequest(bufio.NewReader(theirs))
					if err != nil {
						return
					}
					if upgraded {
						io.WriteString(theirs, upgrade(request))
					}
					go io.Copy(io.Discard, theirs) // pongs
					theirs.Write(said)
				}()
				return ours, nil
			}}}
			conn, err := c.dial(t.Context())
			if err != nil {
				return
			}
			defer conn.Close()
			heard, _ := io.ReadAll(conn)
			if len(heard) > len(said) {
				t.Errorf("%d bytes of %d", len(heard), len(said))
			}
		})
	})
}

// What a client says goes out in messages, and what it hears is what was said.
func TestWebSocketCarriesBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		server, _ := ParseServer("ws://server.test")
		c := &Client{cfg: Config{Server: server, Connect: func(_ context.Context, hostPort string) (net.Conn, error) {
			if hostPort != "server.test:80" {
				t.Errorf("dialled %s", hostPort)
			}
			return ours, nil
		}}}
		go func() {
			request, _ := http.ReadRequest(bufio.NewReader(theirs))
			io.WriteString(theirs, upgrade(request))
			theirs.Write([]byte("\x82\x02ab\x02\x01c\x80\x01d"))
		}()
		conn, err := c.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		heard := make([]byte, 4)
		if _, err := io.ReadFull(conn, heard); err != nil || string(heard) != "abcd" {
			t.Errorf("heard %q, %v", heard, err)
		}
		said := make([]byte, 9) // a header of 2 bytes, a mask of 4
		go conn.Write([]byte("xyz"))
		if _, err := io.ReadFull(theirs, said); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			said[6+i] ^= said[2+i]
		}
		if said[0] != 0x82 || said[1] != 0x83 || string(said[6:]) != "xyz" {
			t.Errorf("said %q", said)
		}
		conn.Close()
		theirs.Close()
	})
}

// A server that takes the connection and says nothing does not hold a client up for longer than another.
func TestSilentWebSocket(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			server, _ := ParseServer("ws://server.test")
			ours, theirs := net.Pipe()
			go io.Copy(io.Discard, theirs)
			c := &Client{cfg: Config{Server: server, Connect: func(context.Context, string) (net.Conn, error) { return ours, nil }}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			most := connectTimeout
			if cancelled {
				most = 0
				go func() {
					synctest.Wait()
					cancel()
				}()
			}
			var err error
			if took := bubble.Took(func() { _, err = c.dial(ctx) }); err == nil || took > most {
				t.Errorf("%v after %v", err, took)
			}
			theirs.Close()
		})
	}
}
