package rendezvous

import (
	"bytes"
	"crypto/ed25519"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

const (
	topicRoot      = "t2p/1/"
	maxStatusBytes = 64 // "on" or "off", and room
)

// The topics, and who may do what:
//
//	                    published by                 read by
//	t2p/1/d/<id>/rx     apps                         the device
//	t2p/1/a/<id>/rx     devices                      the app
//	t2p/1/d/<id>/st     the device, also as will     the device, apps
//	t2p/1/ice           the server                   all, each its own document
//
// Only the status is retained. A topic filter must be one of these topics: with
// wildcards a stranger could list who is there. What is not allowed gets the
// answers that MQTT 3.1.1 has: SUBACK with 0x80; nothing for a PUBLISH of QoS 0,
// which is dropped; and the end of the connection for one of QoS 1, which could
// only be acknowledged.

func inboxTopic(role byte, id string) string { return topicRoot + string(role) + "/" + id + "/rx" }
func statusTopic(id string) string           { return topicRoot + string(ident.Device) + "/" + id + "/st" }

// splitTopic returns the role, id and leaf of a topic that belongs to a device
// or an app.
func splitTopic(topic string) (role byte, id, leaf string, ok bool) {
	rest, ok := strings.CutPrefix(topic, topicRoot)
	kind, rest, ok2 := strings.Cut(rest, "/")
	id, leaf, ok3 := strings.Cut(rest, "/")
	if !ok || !ok2 || !ok3 || len(kind) != 1 || !ident.Valid(id) {
		return 0, "", "", false
	}
	return kind[0], id, leaf, true
}

func isStatus(topic string) bool {
	role, _, leaf, ok := splitTopic(topic)
	return ok && role == ident.Device && leaf == "st"
}

// isInbox reports whether topic is the inbox of somebody of that role.
func isInbox(topic string, of byte) bool {
	role, _, leaf, ok := splitTopic(topic)
	return ok && role == of && leaf == "rx"
}

func (m member) mayPublish(topic string) bool {
	switch m.role {
	case ident.App:
		return isInbox(topic, ident.Device)
	case ident.Device:
		return topic == statusTopic(m.id) || isInbox(topic, ident.App)
	}
	return false
}

func (m member) maySubscribe(filter string) bool {
	switch {
	case m.role != ident.App && m.role != ident.Device:
		return false
	case filter == ICETopic || filter == inboxTopic(m.role, m.id):
		return true
	case m.role == ident.App:
		return isStatus(filter)
	}
	return filter == statusTopic(m.id)
}

// mayHaveSealed reports whether a message in an envelope names the client as its
// sender. The receiver's gate finds that out, too, but has to count it against the
// one who is named. An envelope of whatever version begins with that, a byte that
// is no text, and with its sender's key.
func (m member) mayHaveSealed(payload []byte) bool {
	const text, end = ' ', 1 + ed25519.PublicKeySize
	return len(payload) < end || payload[0] >= text || ident.Format(payload[1:end]) == m.id
}

// mayRetain reports whether a client's message may be retained. Clearing a
// topic (an empty payload) is for topics that are there: mochi makes a node for
// it otherwise.
func (b *Broker) mayRetain(topic string, payload []byte) bool {
	if !isStatus(topic) || len(payload) > maxStatusBytes {
		return false
	}
	if _, ok := b.mqtt.Topics.Retained.Get(topic); ok {
		return true
	}
	if len(payload) == 0 {
		return false
	}
	if !b.presence.makeRoom() {
		b.warn("the table of statuses is full of devices that are connected: apps do not see that others are", "most", b.cfg.MaxRetained)
		return false
	}
	return true
}

// topicHook applies these rules.
type topicHook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *topicHook) ID() string { return "topics" }

func (h *topicHook) Provides(b byte) bool {
	return b == mqtt.OnACLCheck || b == mqtt.OnSubscribe || b == mqtt.OnPublish
}

// OnACLCheck is asked for each PUBLISH, each topic filter, and once more for
// each delivery.
func (h *topicHook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	c, ok := cl.Net.Conn.(*clientConn)
	if !ok {
		return false
	}
	if write {
		return c.who.mayPublish(topic)
	}
	return c.who.maySubscribe(topic)
}

// OnSubscribe makes filters beyond the limit invalid, so that mochi refuses
// them with the right code.
func (h *topicHook) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	room := maxSubscriptions - cl.State.Subscriptions.Len()
	filters := append(packets.Subscriptions(nil), pk.Filters...)
	for i := range filters {
		if _, again := cl.State.Subscriptions.Get(filters[i].Filter); again {
			continue
		}
		if room--; room < 0 {
			filters[i].Filter = ""
		}
	}
	pk.Filters = filters
	return pk
}

// OnPublish drops messages that name another sender, and what asks to be retained
// and may not be.
func (h *topicHook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	if c, ok := cl.Net.Conn.(*clientConn); ok && !c.who.mayHaveSealed(pk.Payload) {
		return pk, packets.ErrRejectPacket
	}
	if role, _, leaf, ok := splitTopic(pk.TopicName); ok && leaf == "rx" {
		h.broker.messages.add(string(role))
	}
	if !pk.FixedHeader.Retain {
		return pk, nil
	}
	if !h.broker.mayRetain(pk.TopicName, pk.Payload) {
		if len(pk.Payload) == 0 {
			pk.FixedHeader.Retain = false // nothing there to clear
			return pk, nil
		}
		return pk, packets.ErrRejectPacket
	}
	// What is retained must not hold on to the packet that it came in.
	pk.Payload = bytes.Clone(pk.Payload)
	pk.Properties = packets.Properties{}
	return pk, nil
}
