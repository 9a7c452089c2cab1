package rendezvous

import (
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// What a WebSocket may send beside MQTT costs time, too, and is read no faster than a client's packets.
func TestMuchThatIsNoMQTT(t *testing.T) {
	for name, test := range map[string]struct {
		count, each int
		send        func(*websocket.Conn) error
	}{
		"pings": {3500, paceLeastBytes, func(ws *websocket.Conn) error {
			return ws.WriteControl(websocket.PingMessage, nil, time.Time{})
		}},
		"messages without a byte": {120_000, 6, func(ws *websocket.Conn) error {
			return ws.WriteMessage(websocket.BinaryMessage, nil)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
				server := newWebSocket(slog.New(slog.DiscardHandler), nil, b.Serve)
				defer server.close()
				ours, theirs := net.Pipe()
				server.Serve(theirs)
				dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return ours, nil }, Subprotocols: []string{"mqtt"}}
				ws, _, err := dialer.Dial("ws://"+pipeServer, http.Header{})
				if err != nil {
					t.Fatal(err)
				}
				defer ws.Close()
				go ws.NextReader() // takes the answers, until it is closed
				begin := time.Now()
				for range test.count {
					if err := test.send(ws); err != nil {
						t.Fatal(err)
					}
				}
				least := time.Duration(test.count*test.each-paceBurstBytes) * time.Second / paceBytesPerSecond
				if took := time.Since(begin); took < least-100*time.Millisecond {
					t.Errorf("%d were read in %v, want %v", test.count, took, least)
				}
			})
		})
	}
}
