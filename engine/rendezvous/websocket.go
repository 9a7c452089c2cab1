package rendezvous

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// webSocket makes MQTT of HTTP connections (MQTT 3.1.1, section 6), on any path.
type webSocket struct {
	http     *http.Server
	handed   handed
	listener panics.Group
	waiting  sync.WaitGroup // connections that are still HTTP
}

// newWebSocket hands each WebSocket to serve. Proxies are believed for whom they speak.
func newWebSocket(log *slog.Logger, proxies []netip.Prefix, serve func(net.Conn)) *webSocket {
	upgrader := websocket.Upgrader{
		HandshakeTimeout: helloTimeout,
		Subprotocols:     []string{"mqtt"},
		// Who may connect is not a matter of the page that asks.
		CheckOrigin: func(*http.Request) bool { return true },
	}
	ws := &webSocket{
		handed:   handed{make(chan net.Conn), make(chan struct{})},
		listener: panics.Group{Guard: panics.Guard{Log: log}},
	}
	ws.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer ws.listener.Recover()
			if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
				conn.SetReadLimit(2 * maxPacketBytes)
				if p, ok := conn.NetConn().(*pacedConn); ok {
					answer := conn.PingHandler()
					conn.SetPingHandler(func(data string) error {
						p.charge(paceLeastBytes)
						return answer(data)
					})
				}
				if k := knockOf(conn.NetConn()); k != nil {
					if client := forwardedFor(r, addressOf(k.RemoteAddr()).Addr(), proxies); client.IsValid() {
						k.isFrom(client)
					}
				}
				serve(&webSocketConn{Conn: conn.NetConn(), ws: conn})
			}
		}),
		ReadTimeout:    helloTimeout,
		WriteTimeout:   helloTimeout,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(quietLogger(log, "http").Handler(), slog.LevelDebug),
		ConnState: func(_ net.Conn, state http.ConnState) {
			defer ws.listener.Recover()
			switch state {
			case http.StateNew:
				ws.waiting.Add(1)
			case http.StateHijacked, http.StateClosed:
				ws.waiting.Done()
			}
		},
	}
	ws.listener.Go(func() { ws.http.Serve(ws.handed) })
	return ws
}

// Serve takes a connection over and returns at once.
func (ws *webSocket) Serve(conn net.Conn) {
	select {
	case ws.handed.conns <- &pacedConn{Conn: conn}:
	case <-ws.handed.closed:
		conn.Close()
	}
}

// handed is a listener whose connections somebody else has accepted.
type handed struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (h handed) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h handed) Close() error   { close(h.closed); return nil } // the HTTP server does so once
func (h handed) Addr() net.Addr { return &net.TCPAddr{} }

// close ends connections that are not yet WebSockets.
func (ws *webSocket) close() {
	ws.http.Close()
	ws.listener.Wait()
	ws.waiting.Wait()
}

// webSocketConn makes one stream of bytes of the binary messages of a WebSocket.
type webSocketConn struct {
	net.Conn
	ws      *websocket.Conn
	message io.Reader // what is left of the current one; nil between two
}

func (c *webSocketConn) Read(p []byte) (int, error) {
	for {
		if c.message == nil {
			kind, message, err := c.ws.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, websocket.ErrBadHandshake
			}
			c.message = message
		}
		n, err := c.message.Read(p)
		if err == io.EOF {
			c.message, err = nil, nil
			if n == 0 {
				continue
			}
		}
		return n, err
	}
}

// NetConn returns the connection below.
func (c *webSocketConn) NetConn() net.Conn { return c.Conn }

// Write sends p as one message. The broker writes packets one at a time.
func (c *webSocketConn) Write(p []byte) (int, error) {
	if err := c.ws.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetWriteDeadline applies to whole messages.
func (c *webSocketConn) SetWriteDeadline(t time.Time) error { return c.ws.SetWriteDeadline(t) }

func (c *webSocketConn) Close() error { return closeNow(c.Conn) }
