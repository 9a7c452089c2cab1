package rendezvous

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Limits of the broker for each client.
const (
	maxPacketBytes   = 10 << 10 // the library's messages have 8 KiB at most
	maxSubscriptions = 64
	maxQueued        = 64  // packets that wait for a slow reader; more are dropped
	maxInflight      = 32  // unacknowledged packets of QoS 1
	maxClientID      = 128 // bytes
)

// BrokerConfig configures a Broker. Zero values mean the defaults.
type BrokerConfig struct {
	MaxClients  int // connections at once; default DefaultMaxClients
	MaxAddress  int // connections at once from one address; default DefaultMaxAddress
	MaxRetained int // topics with a retained message; default DefaultMaxRetained, or MaxClients if that is more

	// Names are the DNS names and addresses under which clients reach the
	// broker, beside the address that a connection comes to. A client's login
	// is for one of them.
	Names []string

	// Admit decides who gets relays; nil: everybody. Others may signal, and get
	// none, or nothing at all with RefuseOthers.
	Admit        Admission
	RefuseOthers bool

	Log *slog.Logger // default none

	lobby *lobby // nil: its own
}

// Broker is an MQTT broker, versions 3.1.1 and 5, for the topics of the
// rendezvous only. It keeps nothing but retained messages: sessions end with
// their connections.
//
// A client logs in with an ident.Login and may do what belongs to its id, see
// broker_topics.go.
//
// It has no listener and no timer of its own. Connections are handed to Serve.
type Broker struct {
	mqtt *mqtt.Server
	self *mqtt.Client // publishes in the server's name, past the rules for clients
	log  *slog.Logger
	cfg  BrokerConfig
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	door    *door
	checks  checks
	counted *loginCounter

	messages counts // between apps and devices, by the role of the receiver

	presence *presence
	ice      atomic.Pointer[func(account string) []byte]

	reviews atomic.Int64 // so far; see Review

	warnings // of what clients cause

	mu       sync.Mutex
	closed   bool
	conns    map[*clientConn]struct{} // every connection, from Serve to its end
	sessions map[string]*clientConn   // by client id, from CONNECT to its end
	workers  panics.Group
}

// NewBroker returns a broker that is ready to Serve.
func NewBroker(cfg BrokerConfig) *Broker {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxClients <= 0 {
		cfg.MaxClients = DefaultMaxClients
	}
	if cfg.MaxAddress <= 0 {
		cfg.MaxAddress = DefaultMaxAddress
	}
	if cfg.MaxRetained <= 0 {
		cfg.MaxRetained = retainedFor(cfg.MaxClients)
	}
	limits := mqtt.NewDefaultServerCapabilities()
	limits.MaximumSessionExpiryInterval = 0
	limits.MaximumMessageExpiryInterval = 0
	limits.MaximumClientWritesPending = maxQueued
	limits.MaximumPacketSize = maxPacketBytes
	limits.ReceiveMaximum = maxInflight
	limits.MaximumInflight = maxInflight
	limits.TopicAliasMaximum = 0
	limits.SharedSubAvailable = 0
	limits.WildcardSubAvailable = 0
	limits.SubIDAvailable = 0
	limits.MinimumProtocolVersion = 4
	limits.MaximumQos = 1

	b := &Broker{
		// mochi's Serve is never called. It would start listeners, $SYS topics
		// and four tickers a second that walk over all clients, in aid of what
		// the limits above exclude: stored sessions, expiry, delayed wills.
		mqtt:     mqtt.New(&mqtt.Options{Capabilities: limits, Logger: quietLogger(cfg.Log, "mqtt")}),
		log:      cfg.Log,
		warnings: warnings{log: cfg.Log},
		cfg:      cfg,
		workers:  panics.Group{Guard: panics.Guard{Log: cfg.Log}},
		door:     newDoor(cfg.lobby, cfg.MaxClients, cfg.MaxAddress),
		checks:   newChecks(cfg.Names),
		counted:  newLoginCounter(),
		messages: newCounts(string(ident.App), string(ident.Device)),
		conns:    map[*clientConn]struct{}{},
		sessions: map[string]*clientConn{},
	}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.presence = newPresence(cfg.MaxRetained, b.mqtt.Topics)
	b.self = b.mqtt.NewClient(nil, "server", "", true)
	for _, hook := range []mqtt.Hook{&authHook{broker: b}, &topicHook{broker: b}, &sessionHook{broker: b}, &iceHook{broker: b}, &presenceHook{broker: b}, &paceHook{}} {
		if err := b.mqtt.AddHook(hook, nil); err != nil {
			panic(err) // our hooks take no configuration that could be wrong
		}
	}
	return b
}

// Serve takes a connection over and returns at once. The connection is closed
// when the client leaves, breaks the rules, proves nothing in time, or the broker
// closes or is full.
func (b *Broker) Serve(conn net.Conn) {
	c := newClientConn(b.door.enter(conn))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		c.Close()
		return
	}
	b.conns[c] = struct{}{}
	b.workers.Go(func() { b.serve(c) })
}

// serve runs in a goroutine of its own: one client's bytes must not end the
// service of all.
func (b *Broker) serve(c *clientConn) {
	defer b.forget(c)
	defer c.Close()
	if err := b.mqtt.EstablishConnection("net", c); err != nil {
		b.log.Debug("client gone", "remote", c.RemoteAddr(), "error", err)
	}
}

// Publish sends payload to the subscribers of topic, in the server's name.
func (b *Broker) Publish(topic string, payload []byte, retain bool) error {
	err := b.mqtt.InjectPacket(b.self, packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: retain},
		TopicName:   topic,
		Payload:     payload,
	})
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

// Clients returns the number of connections.
func (b *Broker) Clients() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.conns)
}

// Close disconnects all clients and waits until they are gone.
func (b *Broker) Close() error {
	b.mu.Lock()
	again := b.closed
	b.closed = true
	for c := range b.conns {
		c.Close()
	}
	b.mu.Unlock()
	b.stop()
	b.workers.Wait()
	if again {
		return nil
	}
	return b.mqtt.Close()
}
