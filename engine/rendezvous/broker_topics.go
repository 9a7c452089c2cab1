package rendezvous

import (
	"bytes"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	topicRoot      = "t2p/1/"
	maxIDLength    = 80 // bytes of a device or app id
	maxStatusBytes = 64 // "on" or "off", and room
)

// The topics, and who may do what:
//
//	t2p/1/d/<id>/rx   anybody publishes and subscribes
//	t2p/1/a/<id>/rx   anybody publishes and subscribes
//	t2p/1/d/<id>/st   anybody publishes and subscribes; the only one retained
//	t2p/1/ice         the server publishes, anybody subscribes
//
// A topic filter must be one of these topics: with wildcards a stranger could
// list who is there.

// splitTopic returns the kind ("d" or "a"), id and leaf of a topic that belongs
// to a device or an app.
func splitTopic(topic string) (kind, leaf string, ok bool) {
	rest, ok := strings.CutPrefix(topic, topicRoot)
	kind, rest, ok2 := strings.Cut(rest, "/")
	id, leaf, ok3 := strings.Cut(rest, "/")
	return kind, leaf, ok && ok2 && ok3 && validID(id)
}

// validID reports whether id is made of what base32, base64url and common names
// are made of, which excludes wildcards and level separators.
func validID(id string) bool {
	for _, c := range []byte(id) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-_.:", rune(c)) {
			return false
		}
	}
	return id != "" && len(id) <= maxIDLength
}

func isStatus(topic string) bool {
	kind, leaf, ok := splitTopic(topic)
	return ok && kind == "d" && leaf == "st"
}

func mayPublish(topic string) bool {
	kind, leaf, ok := splitTopic(topic)
	return ok && (kind == "d" && (leaf == "rx" || leaf == "st") || kind == "a" && leaf == "rx")
}

func maySubscribe(filter string) bool { return filter == ICETopic || mayPublish(filter) }

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
	return len(payload) > 0 && b.mqtt.Topics.Retained.Len() < b.cfg.MaxRetained
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
func (h *topicHook) OnACLCheck(_ *mqtt.Client, topic string, write bool) bool {
	if write {
		return mayPublish(topic)
	}
	return maySubscribe(topic)
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

// OnPublish drops what asks to be retained and may not be.
func (h *topicHook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline || !pk.FixedHeader.Retain {
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
