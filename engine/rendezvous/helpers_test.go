package rendezvous

import (
	"crypto/ed25519"
	"crypto/sha256"
	"net"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// person is an app or a device, and its key.
type person struct {
	member
	key ed25519.PrivateKey
}

// newPerson returns the same for the same name.
func newPerson(role byte, name string) person {
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	return person{member{role, ident.Format(key.Public().(ed25519.PublicKey))}, key}
}

func (p person) sign(text []byte) []byte { return ed25519.Sign(p.key, text) }

// password is a login at a server, now.
func (p person) password(server string) string {
	return ident.NewPassword(p.role, p.id, server, time.Now(), p.sign)
}

// pipeServer is where clients of a test's broker believe to connect.
const pipeServer = "pipe.test:1883"

var (
	theDevice = newPerson(ident.Device, "device")
	theApp    = newPerson(ident.App, "app")

	deviceInbox  = inboxTopic(ident.Device, theDevice.id)
	appInbox     = inboxTopic(ident.App, theApp.id)
	deviceStatus = statusTopic(theDevice.id)
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
func dial(t *testing.T, b *Broker, who person, options ...func(*paho.ClientOptions)) *testClient {
	t.Helper()
	c := &testClient{t: t, got: make(chan message, 100)}
	o := paho.NewClientOptions().AddBroker("mqtt://pipe").SetClientID("test").SetAutoReconnect(false).SetKeepAlive(30 * time.Second).
		SetUsername(who.id).SetPassword(who.password(pipeServer))
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
	if !token.WaitTimeout(await.Limit) || token.Error() != nil {
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
	case <-time.After(await.Limit):
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

func connectPacket(who person, keepalive uint16) *packets.ConnectPacket {
	p := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	p.ProtocolName, p.ProtocolVersion = "MQTT", 4
	p.ClientIdentifier, p.CleanSession, p.Keepalive = "raw", true, keepalive
	p.UsernameFlag, p.Username = true, who.id
	p.PasswordFlag, p.Password = true, []byte(who.password(pipeServer))
	return p
}

func subscribePacket(filters ...string) *packets.SubscribePacket {
	p := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	p.MessageID, p.Topics, p.Qoss = 1, filters, make([]byte, len(filters))
	return p
}

// connect sends a CONNECT, with a will unless its topic is "", and returns the
// code of the answer.
func (c *rawClient) connect(who person, keepalive uint16, willTopic string) byte {
	c.t.Helper()
	p := connectPacket(who, keepalive)
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
	for deadline := await.Deadline(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
