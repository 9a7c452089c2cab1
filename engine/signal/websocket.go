package signal

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// dialWebSocket opens a WebSocket (RFC 6455) for MQTT.
func (c *Client) dialWebSocket(ctx context.Context, to *url.URL, config *tls.Config) (net.Conn, error) {
	to.User = nil // the account is for MQTT
	stop := func() bool { return true }
	dialer := websocket.Dialer{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: config,
		Subprotocols:    []string{"mqtt"},
		NetDialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			conn, err := c.cfg.Connect(ctx, address)
			if err != nil {
				return nil, err
			}
			conn.SetDeadline(time.Now().Add(connectTimeout)) // until it is a WebSocket
			stop = c.guard.WhenDone(ctx, func() { conn.Close() })
			return conn, nil
		},
	}
	ws, _, err := dialer.DialContext(context.WithoutCancel(ctx), to.String(), nil) // another deadline would take the place of that one
	stop()
	if err != nil {
		return nil, err
	}
	return &webSocketConn{Conn: ws.NetConn(), ws: ws}, nil
}

// webSocketConn makes one stream of bytes of the messages of a WebSocket.
type webSocketConn struct {
	net.Conn
	ws      *websocket.Conn
	message io.Reader // what is left of the current one; nil between two

	writing sync.Mutex
}

func (c *webSocketConn) Read(p []byte) (int, error) {
	for {
		if c.message == nil {
			var err error
			if _, c.message, err = c.ws.NextReader(); err != nil {
				return 0, err
			}
		}
		n, err := c.message.Read(p)
		if err != io.EOF {
			return n, err
		}
		c.message = nil
		if n > 0 {
			return n, nil
		}
	}
}

// Write sends p as one message. The MQTT client writes from two goroutines.
func (c *webSocketConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.ws.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// SetDeadline applies to whole messages.
func (c *webSocketConn) SetDeadline(t time.Time) error {
	c.ws.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *webSocketConn) SetWriteDeadline(t time.Time) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.ws.SetWriteDeadline(t)
}
