package rendezvous

import (
	"bytes"
	"errors"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// maxKeepalive bounds, in seconds, how long a client that is gone without a
// word is thought to be online. A client that asks for none gets it too.
const maxKeepalive = 600

// sessionHook sees to it that a client id has one connection and that wills
// are published when, and only when, their client is gone.
type sessionHook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *sessionHook) ID() string { return "session" }

func (h *sessionHook) Provides(b byte) bool {
	return b == mqtt.OnConnect || b == mqtt.OnSessionEstablish || b == mqtt.OnSessionEstablished || b == mqtt.OnWill
}

// OnConnect makes each session a clean one without delayed will, whatever was
// asked for: a session of a client that is gone costs memory and serves nobody,
// since offers are repeated until they are answered.
func (h *sessionHook) OnConnect(cl *mqtt.Client, _ packets.Packet) error {
	if len(cl.ID) > maxClientID {
		return errors.New("client id too long")
	}
	cl.Properties.Clean = true
	cl.Properties.Props.TopicAliasMaximum = 0 // iceHook goes by the topic's name
	cl.Properties.Will.WillDelayInterval = 0
	cl.Properties.Will.User = nil
	if cl.State.Keepalive == 0 || cl.State.Keepalive > maxKeepalive {
		cl.State.Keepalive = maxKeepalive
		cl.State.ServerKeepalive = true // tells a client of MQTT 5
	}
	return nil
}

// OnSessionEstablish runs before mochi looks for an older connection of this
// client id. It ends that one and waits until it has left no trace. Left to
// itself, mochi lets both run for a while, and the end of the older one then
// removes the newer one's subscriptions, and says "off" after its "on".
func (h *sessionHook) OnSessionEstablish(cl *mqtt.Client, pk packets.Packet) {
	c, ok := cl.Net.Conn.(*clientConn)
	if !ok {
		return
	}
	c.client = cl
	if topic := c.who.presentAs(); topic != "" {
		h.broker.presence.came(topic)
	}
	if pk.Connect.WillFlag {
		c.willTopic = pk.Connect.WillTopic
	}
	for older := h.broker.claim(c); older != nil; older = h.broker.claim(c) {
		if older.willTopic == c.willTopic {
			older.superseded.Store(true)
		}
		older.client.Stop(packets.ErrSessionTakenOver)
		<-older.done
	}
}

// OnSessionEstablished runs once the client has been told that it is in: from here on mochi
// publishes its will.
func (h *sessionHook) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	if c, ok := cl.Net.Conn.(*clientConn); ok {
		c.established.Store(true)
	}
}

// OnWill runs when a connection ended without DISCONNECT. The will's topic was
// checked when the client connected.
func (h *sessionHook) OnWill(cl *mqtt.Client, will mqtt.Will) (mqtt.Will, error) {
	if c, ok := cl.Net.Conn.(*clientConn); ok && c.superseded.Load() {
		return mqtt.Will{}, nil // a message to no topic, which reaches nobody
	}
	will.Payload = bytes.Clone(will.Payload) // it may outlive the CONNECT packet
	will.Retain = will.Retain && h.broker.mayRetain(will.TopicName, will.Payload)
	return will, nil
}

// claim makes c the connection of its client id, or returns the one that is.
func (b *Broker) claim(c *clientConn) (older *clientConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if older = b.sessions[c.client.ID]; older == nil {
		b.sessions[c.client.ID] = c
	}
	return older
}

// announceEnd publishes the will of a connection that ended before its client was told that
// it is in. It may have taken another one's place, whose will was kept back.
func (b *Broker) announceEnd(c *clientConn) {
	if c.client == nil || c.willTopic == "" || c.established.Load() {
		return
	}
	b.mu.Lock()
	current := b.sessions[c.client.ID] == c
	b.mu.Unlock()
	if will := c.client.Properties.Will; current && b.mayRetain(c.willTopic, will.Payload) {
		if err := b.Publish(c.willTopic, bytes.Clone(will.Payload), true); err != nil {
			b.cfg.Log.Debug("a will was not published", "error", err)
		}
	}
}

// forget removes what is left of a connection that has ended.
func (b *Broker) forget(c *clientConn) {
	b.announceEnd(c)
	if topic := c.who.presentAs(); topic != "" && c.client != nil {
		b.presence.left(topic)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
	if cl := c.client; cl != nil && b.sessions[cl.ID] == c {
		// mochi forgets a client only when its connection ended in an orderly way.
		if left, ok := b.mqtt.Clients.Get(cl.ID); ok && left == cl {
			b.mqtt.UnsubscribeClient(cl)
			b.mqtt.Clients.Delete(cl.ID)
		}
		delete(b.sessions, cl.ID)
	}
	close(c.done)
}
