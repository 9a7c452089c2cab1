package web

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/lab/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// TestManyConnections take no more descriptors than there are places, and the others have theirs when those are free.
func TestManyConnections(t *testing.T) {
	var inside, most atomic.Int64
	goOn := make(chan struct{})
	s, err := Listen("-test", "127.0.0.1:0", func(*net.TCPAddr) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			now := inside.Add(1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			<-goOn
			inside.Add(-1)
			w.Header().Set("Connection", "close")
		})
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const all = 2 * mostConnections
	var conns []net.Conn
	for range all {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		conns = append(conns, c)
	}
	await.Until(t, "all places are taken", func() bool { return inside.Load() >= mostConnections })
	time.Sleep(200 * time.Millisecond) // for what must not happen
	close(goOn)
	for n, c := range conns {
		c.SetReadDeadline(await.Deadline())
		if _, err := c.Read(make([]byte, 12)); err != nil {
			t.Fatalf("connection %d has no answer: %v", n, err)
		}
	}
	if most.Load() > mostConnections {
		t.Errorf("%d were let in at once", most.Load())
	}
}
