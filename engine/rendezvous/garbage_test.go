package rendezvous

import (
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// TestGarbage sends random bytes, and bytes that begin well, to each port.
func TestGarbage(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("send", func(t *testing.T) {
		config, roots := testCertificate(t)
		const any = "127.0.0.1:0"
		s := start(t, Config{MQTT: any, MQTTS: any, WS: any, WSS: any, TURN: any, TURNS: any, TLS: config})
		ports := []string{s.TURNAddr()}
		for _, l := range s.entrances {
			ports = append(ports, l.Addr().String())
		}
		for _, url := range s.extra {
			_, address, _ := strings.Cut(url, "://")
			ports = append(ports, address)
		}
		openings := [][]byte{
			nil,
			{0x10}, // CONNECT
			[]byte("\x10\x20\x00\x04MQTT\x04\x02\x00\x3c"),
			[]byte("\x10\x20\x00\x04MQTT\x05\x02\x00\x3c"),
			[]byte("\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01g"), // a whole one
			[]byte("\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01g"),
			stunMessage(0, 0),
			stunMessage(64, 0),
			stunMessage(65516, 0),
			{0x40, 0, 0, 16},
			[]byte("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"),
			{22, 3, 1, 2, 0, 1}, // a TLS ClientHello
		}
		var wg sync.WaitGroup
		for _, port := range ports {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(1, 2))
				quickest := make([]time.Duration, len(openings))
				for i := range 120 {
					kind := i % len(openings)
					took := throw(t, "tcp", port, slices.Concat(openings[kind], garbage(r)))
					if i == kind || took < quickest[kind] {
						quickest[kind] = took
					}
				}
				for kind, took := range quickest { // a busy machine makes some late, but not all by so much
					if took >= helloTimeout {
						t.Errorf("%s: a client that has left after %q is kept for %v", port, openings[kind], took)
					}
				}
			})
		}
		wg.Go(func() {
			r := rand.New(rand.NewPCG(3, 4))
			for i := range 500 {
				throw(t, "udp", s.TURNAddr(), slices.Concat(openings[i%len(openings)], garbage(r)))
			}
		})
		wg.Wait()
		// It still serves.
		if doc := document(t, s.URL(), &tls.Config{RootCAs: roots}); len(doc.TURN) != 3 {
			t.Errorf("%v", doc)
		}
		client := &testTURN{TURN: s.turn, plain: s.TURNAddr()}
		for _, transport := range []string{"udp", "tcp"} {
			if _, err := client.dialTURN(t, transport, "", "").SendBindingRequest(); err != nil {
				t.Errorf("STUN over %s: %v", transport, err)
			}
		}
	})
	noMoreGoroutines(t, before)
}

func garbage(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(600))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// throw sends b, says that no more will come, and waits for the end. It returns how long that took.
func throw(t *testing.T, network, address string, b []byte) time.Duration {
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer conn.Close()
	conn.SetDeadline(await.Deadline())
	conn.Write(b) // may fail: the server is free to hang up early
	started := time.Now()
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.CloseWrite()
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a client that has left is kept", address)
		}
	}
	return time.Since(started)
}
