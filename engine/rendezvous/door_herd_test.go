package rendezvous

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/gorilla/websocket"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// natConn is a pipe from an address that many share.
type natConn struct{ net.Conn }

func (natConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7} }

// herd are ways to a server without sockets. Everybody comes from one address.
type herd struct {
	plain, secure handed
	turn          *TURN
	client        *tls.Config
}

func newHerd(t *testing.T) *herd {
	config, roots := testCertificate(t)
	log := slog.New(slog.DiscardHandler)
	lobby := newLobby()
	b := NewBroker(BrokerConfig{Names: []string{"pipe.test"}, lobby: lobby})
	turn, err := NewTURN(TURNConfig{Secret: testSecret, PublicIP: documentation, lobby: lobby})
	if err != nil {
		t.Fatal(err)
	}
	ws, a := newWebSocket(log, nil, b.Serve), newAcceptors(log, lobby)
	h := &herd{
		plain:  handed{make(chan net.Conn), make(chan struct{})},
		secure: handed{make(chan net.Conn), make(chan struct{})},
		turn:   turn,
		client: &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", CurvePreferences: []tls.CurveID{tls.X25519}}, // the cheapest
	}
	(&entrance{Listener: h.plain, plain: services{protoMQTT: b.Serve}}).open(a)
	(&entrance{Listener: h.secure, config: config, secure: services{protoMQTT: b.Serve, protoHTTP: ws.Serve, protoTURN: turn.ServeStream}}).open(a)
	t.Cleanup(func() {
		a.close()
		ws.close()
		b.Close()
		turn.Close()
	})
	return h
}

func (h *herd) dial(l handed) net.Conn {
	ours, theirs := net.Pipe()
	l.conns <- natConn{theirs}
	return ours
}

func (h *herd) dialTLS(protocol string) (net.Conn, error) {
	conn := h.dial(h.secure)
	config := h.client.Clone()
	config.NextProtos = []string{protocol}
	secure := tls.Client(conn, config)
	if err := secure.Handshake(); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// login is let in over conn, or returns why not.
func login(conn net.Conn, who person) error {
	connectPacket(who, 0).Write(conn)
	answer, err := packets.ReadPacket(conn)
	if err != nil {
		return err
	}
	if code := answer.(*packets.ConnackPacket).ReturnCode; code != 0 {
		return fmt.Errorf("code %d", code)
	}
	return nil
}

// webSocketLogin is login through a WebSocket.
func webSocketLogin(conn net.Conn, who person) error {
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return conn, nil }, Subprotocols: []string{"mqtt"}}
	ws, _, err := dialer.Dial((&url.URL{Scheme: "ws", Host: pipeServer}).String(), http.Header{})
	if err != nil {
		return err
	}
	return login(&webSocketConn{Conn: conn, ws: ws}, who)
}

// A herd behind one address, such as a carrier's NAT, comes back about as soon over TLS
// as without: a connection pays once for its handshake and its login.
func TestAHerdBehindOneAddress(t *testing.T) {
	const (
		count = attemptsAtOnce + 100
		retry = 1100 * time.Millisecond // between two attempts of one, on average
	)
	// What is due at least, past the burst, and one more attempt of each.
	const soon = time.Second*(count-attemptsAtOnce)/attemptsPerSecond + 4*retry
	for name, arrive := range map[string]func(h *herd, who person) error{
		"mqtt": func(h *herd, who person) error { return closing(h.dial(h.plain), who, login) },
		"mqtts": func(h *herd, who person) error {
			conn, err := h.dialTLS(protoMQTT)
			if err != nil {
				return err
			}
			return closing(conn, who, login)
		},
		"wss": func(h *herd, who person) error {
			conn, err := h.dialTLS(protoHTTP)
			if err != nil {
				return err
			}
			return closing(conn, who, webSocketLogin)
		},
		"turns": func(h *herd, _ person) error {
			conn, err := h.dialTLS(protoTURN)
			if err == nil {
				conn.Close()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, begin := newHerd(t), time.Now()
				var all sync.WaitGroup
				for i := range count {
					who := newPerson(ident.Device, fmt.Sprint("herd ", i))
					all.Go(func() {
						for time.Since(begin) < 10*soon && arrive(h, who) != nil {
							// No two have the same pause, as with the clients' jitter.
							time.Sleep(retry + time.Duration(i)*300*time.Microsecond)
						}
					})
				}
				all.Wait()
				took := time.Since(begin)
				t.Logf("%d are in after %v", count, took)
				if took > soon {
					t.Errorf("%d are in after %v, want %v at most", count, took, soon)
				}
			})
		})
	}
}

// closing leaves a connection open that was let in, and ends others.
func closing(conn net.Conn, who person, login func(net.Conn, person) error) error {
	err := login(conn, who)
	if err != nil {
		conn.Close()
		return err
	}
	go io.Copy(io.Discard, conn)
	return nil
}
