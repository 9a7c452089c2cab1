package rendezvous

import (
	"net"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// What the broker reads from one client: some hundred small messages a second
// or a few large ones, after a burst such as many connects at once make.
const (
	paceBytesPerSecond = 64 << 10
	paceBurstBytes     = 512 << 10
	paceLeastBytes     = 256 // of a packet, however small: it costs time, too
)

// paceHook reads no faster from a client that sends too fast: TCP then holds the
// client up, and it alone. Nothing is lost, and a client that had its reasons
// stays connected.
type paceHook struct{ mqtt.HookBase }

func (h *paceHook) ID() string           { return "pace" }
func (h *paceHook) Provides(b byte) bool { return b == mqtt.OnPacketRead }

// OnPacketRead runs in the connection's own goroutine.
func (h *paceHook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if c, ok := cl.Net.Conn.(*clientConn); ok {
		size := max(paceLeastBytes, float64(pk.FixedHeader.Remaining))
		time.Sleep(c.pace.owe(size, paceBytesPerSecond, paceBurstBytes, time.Now()))
	}
	return pk, nil
}

// pacedConn reads no faster from a WebSocket, however little of what it sends is MQTT: pings, and messages without a
// byte, are no packets that the hook would see.
type pacedConn struct {
	net.Conn
	pace bucket // of its only reader
}

func (c *pacedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.charge(float64(n))
	return n, err
}

func (c *pacedConn) charge(bytes float64) {
	time.Sleep(c.pace.owe(bytes, paceBytesPerSecond, paceBurstBytes, time.Now()))
}

// NetConn returns the connection below.
func (c *pacedConn) NetConn() net.Conn { return c.Conn }

func (c *pacedConn) Close() error { return closeNow(c.Conn) }
