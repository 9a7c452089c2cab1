package rendezvous

import (
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// PublishICE publishes on ICETopic what document returns for the account of each
// who reads it, "" if it gets no relays, now and until the next call. It is called
// for each delivery.
func (b *Broker) PublishICE(document func(account string) []byte) error {
	b.ice.Store(&document)
	return b.Publish(ICETopic, []byte("{}"), true) // a place for the documents to be put in
}

// iceHook gives each client a document of its own, with credentials on its account.
type iceHook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *iceHook) ID() string           { return "ice" }
func (h *iceHook) Provides(b byte) bool { return b == mqtt.OnPacketEncode }

// OnPacketEncode runs just before a packet is written to a client.
func (h *iceHook) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) (out packets.Packet) {
	out = pk
	defer h.broker.workers.Recover()
	if pk.FixedHeader.Type != packets.Publish || pk.TopicName != ICETopic {
		return out
	}
	document := h.broker.ice.Load()
	if c, ok := cl.Net.Conn.(*clientConn); ok && document != nil {
		account := ""
		if s := c.standing.Load(); s != nil {
			account = s.account
		}
		out.Payload = (*document)(account)
	}
	return out
}
