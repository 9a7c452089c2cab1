package rendezvous

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// Timers of a client's connection.
const (
	// helloTimeout: from accept to the first complete packet, TLS and WebSocket
	// handshakes included.
	helloTimeout = 10 * time.Second
	// writeTimeout: a client that takes no bytes for so long is dropped, since
	// whoever publishes to it may be waiting.
	writeTimeout = 10 * time.Second
)

// clientConn is an MQTT client's connection with deadlines that hold whatever
// the client asks for.
type clientConn struct {
	net.Conn

	knock *knock

	// Set by the connection's own goroutine before it enters Broker.sessions.
	who       member
	vouchers  []*ident.Statement // what devices state about the app
	client    *mqtt.Client
	willTopic string

	standing atomic.Pointer[standing] // on whose account it gets relays
	asked    atomic.Int64             // the latest review that asked about it

	pace        bucket        // of bytes read; the connection's own goroutine's
	superseded  atomic.Bool   // a newer connection announces the same will
	established atomic.Bool   // the client knows that it is in
	done        chan struct{} // closed when the broker has forgotten the client
}

func newClientConn(conn net.Conn) *clientConn {
	c := &clientConn{Conn: conn, knock: knockOf(conn), done: make(chan struct{})}
	c.SetReadDeadline(c.knock.until())
	return c
}

// SetDeadline is how mochi applies the keepalive, 1.5 times its interval after
// each packet (MQTT 3.1.1, section 3.1.2.10). A write has its own deadline.
func (c *clientConn) SetDeadline(t time.Time) error { return c.Conn.SetReadDeadline(t) }

// Write closes the connection when it fails: part of a packet may be out.
func (c *clientConn) Write(p []byte) (int, error) {
	c.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := c.Conn.Write(p)
	if err != nil {
		c.Close()
	}
	return n, err
}

func (c *clientConn) Close() error { return closeNow(c.Conn) }

// closeNow closes a connection without the goodbye of TLS, which waits up to
// five seconds for a peer that does not read.
func closeNow(conn net.Conn) error {
	if t, ok := conn.(*tls.Conn); ok {
		return t.NetConn().Close()
	}
	return conn.Close()
}
