package web

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/lab/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// TestManyConnections take no more descriptors than there are places, and those that say nothing give theirs back.
func TestManyConnections(t *testing.T) {
	s, err := Listen("-test", "127.0.0.1:0", func(*net.TCPAddr) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") })
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	answered := make(chan bool, 2*mostConnections)
	for range 2 * mostConnections {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() { // asks once, and keeps the connection
			io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
			c.SetReadDeadline(time.Now().Add(await.Limit))
			_, err := c.Read(make([]byte, 12))
			answered <- err == nil
		}()
	}
	for range 2 * mostConnections {
		if !<-answered {
			t.Fatal("one has had no answer")
		}
	}
}
