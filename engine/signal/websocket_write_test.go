package signal

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// The MQTT client writes what is to be sent, and its keep-alives, from two goroutines.
func TestWebSocketIsWrittenFromTwoGoroutines(t *testing.T) {
	const each, size = 500, 300
	upgrader, received := websocket.Upgrader{Subprotocols: []string{"mqtt"}}, make(chan int, 2*each)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for range 2 * each {
			_, message, err := conn.ReadMessage()
			if err != nil {
				break
			}
			received <- len(message)
		}
		close(received)
	}))
	defer server.Close()
	to, err := url.Parse(strings.Replace(server.URL, "http", "ws", 1))
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{guard: panics.Guard{Log: slog.New(slog.DiscardHandler)}}
	c.cfg.Connect = func(ctx context.Context, address string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", address)
	}
	conn, err := c.dialWebSocket(t.Context(), to, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for range each {
				if _, err := conn.Write(make([]byte, size)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	if t.Failed() {
		return
	}
	messages := 0
	for n := range received {
		if messages++; n != size {
			t.Fatalf("a message of %d bytes", n)
		}
	}
	if messages != 2*each {
		t.Errorf("%d messages", messages)
	}
}
