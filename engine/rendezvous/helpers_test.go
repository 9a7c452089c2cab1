package rendezvous

import (
	"net"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// message is what a subscriber got.
type message struct {
	topic, payload string
	retained       bool
}

// testClient is a paho client of a Broker over a pipe.
type testClient struct {
	t *testing.T
	paho.Client
	pipe atomic.Value // net.Conn: our end
	got  chan message
}

// dial connects a client to b. options may change what it connects with.
func dial(t *testing.T, b *Broker, id string, options ...func(*paho.ClientOptions)) *testClient {
	t.Helper()
	c := &testClient{t: t, got: make(chan message, 100)}
	o := paho.NewClientOptions().AddBroker("mqtt://pipe").SetClientID(id).SetAutoReconnect(false).SetKeepAlive(30 * time.Second)
	withPipe(o, b, c)
	for _, option := range options {
		option(o)
	}
	c.Client = paho.NewClient(o)
	c.do(c.Connect())
	return c
}

// withPipe makes o open pipes to b, and c know its end of the latest.
func withPipe(o *paho.ClientOptions, b *Broker, c *testClient) {
	o.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
		ours, theirs := net.Pipe()
		b.Serve(theirs)
		c.pipe.Store(ours)
		return ours, nil
	})
}

func (c *testClient) do(token paho.Token) {
	c.t.Helper()
	if !token.WaitTimeout(time.Minute) || token.Error() != nil {
		c.t.Fatalf("MQTT: %v", token.Error())
	}
}

func (c *testClient) publish(topic, payload string, retained bool) {
	c.t.Helper()
	c.do(c.Publish(topic, 0, retained, payload))
}

func (c *testClient) subscribe(topic string) {
	c.t.Helper()
	c.do(c.Subscribe(topic, 0, func(_ paho.Client, m paho.Message) {
		c.got <- message{m.Topic(), string(m.Payload()), m.Retained()}
	}))
}

func (c *testClient) want(topic, payload string, retained bool) {
	c.t.Helper()
	select {
	case m := <-c.got:
		if m != (message{topic, payload, retained}) {
			c.t.Fatalf("got %v, want %s %s retained=%v", m, topic, payload, retained)
		}
	case <-time.After(time.Minute):
		c.t.Fatalf("nothing came; want %s %s", topic, payload)
	}
}

func (c *testClient) wantNothing() {
	c.t.Helper()
	select {
	case m := <-c.got:
		c.t.Fatalf("got %v, want nothing", m)
	default:
	}
}

// rawClient speaks MQTT packet by packet.
type rawClient struct {
	t    *testing.T
	conn net.Conn
}

func dialRaw(t *testing.T, b *Broker) *rawClient {
	ours, theirs := net.Pipe()
	b.Serve(theirs)
	return &rawClient{t, ours}
}

func (c *rawClient) send(p packets.ControlPacket) {
	c.t.Helper()
	if err := p.Write(c.conn); err != nil {
		c.t.Fatal(err)
	}
}

func (c *rawClient) receive() packets.ControlPacket {
	c.t.Helper()
	p, err := packets.ReadPacket(c.conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func connectPacket(id string, keepalive uint16) *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion = "MQTT", 4
	p.ClientIdentifier, p.CleanSession, p.Keepalive = id, true, keepalive
	return p
}

func subscribePacket(filters ...string) *packets.SubscribePacket {
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID, p.Topics, p.Qoss = 1, filters, make([]byte, len(filters))
	return p
}

// connect sends a CONNECT, with a will unless its topic is "", and returns the
// code of the answer.
func (c *rawClient) connect(id string, keepalive uint16, willTopic string) byte {
	c.t.Helper()
	p := connectPacket(id, keepalive)
	if willTopic != "" {
		p.WillFlag, p.WillRetain, p.WillTopic, p.WillMessage = true, true, willTopic, []byte("off")
	}
	c.send(p)
	return c.receive().(*packets.ConnackPacket).ReturnCode
}

// subscribe returns the codes of the answer.
func (c *rawClient) subscribe(filters ...string) []byte {
	c.t.Helper()
	c.send(subscribePacket(filters...))
	return c.receive().(*packets.SubackPacket).ReturnCodes
}

// noMoreGoroutines waits until there are no more than before.
func noMoreGoroutines(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
