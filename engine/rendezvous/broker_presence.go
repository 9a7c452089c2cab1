package rendezvous

import (
	"bytes"
	"container/list"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// presence keeps the table of the devices' statuses, which mochi has, within its limit.
// The status of a device that is connected stays. Those of others stay while there is
// room, and the one that left first gives way: ids cost nothing, so a table of all that
// were ever seen is full one day, and then tells of nobody new. What a device said last
// does not count: one that is gone without a will has "on" there.
type presence struct {
	table *mqtt.TopicsIndex

	mu   sync.Mutex
	most int
	here map[string]int // connections of a device, by the topic of its status
	gone list.List      // topics of those with a status and without connection, the first to leave first
	is   map[string]*list.Element
}

func newPresence(most int, table *mqtt.TopicsIndex) *presence {
	return &presence{most: most, table: table, here: map[string]int{}, is: map[string]*list.Element{}}
}

// retainedFor is how many statuses there is room for: of each client, and of the server's credentials.
func retainedFor(clients int) int { return max(DefaultMaxRetained, clients+1) }

// limit makes the table larger: what is in it stays.
func (p *presence) limit(most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = max(p.most, most)
}

// came says that a device has one connection more.
func (p *presence) came(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here[topic]++
	p.keep(topic)
}

// left says that it has one less.
func (p *presence) left(topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	drop(p.here, topic)
	p.sort(topic)
}

// sort puts a topic where it belongs, now that its message or its device's connection is another.
func (p *presence) sort(topic string) {
	_, retained := p.table.Retained.Get(topic)
	switch {
	case !retained || p.here[topic] > 0:
		p.keep(topic)
	case p.is[topic] == nil:
		p.is[topic] = p.gone.PushBack(topic)
	}
}

// keep takes a topic out of those that may give way.
func (p *presence) keep(topic string) {
	if place := p.is[topic]; place != nil {
		p.gone.Remove(place)
		delete(p.is, topic)
	}
}

// makeRoom reports whether there is room for a status that is not in the table. Statuses
// that come at the same moment may all find the last place: the next one makes up for it.
func (p *presence) makeRoom() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.table.Retained.Len() >= p.most {
		first := p.gone.Front()
		if first == nil {
			return false
		}
		topic := first.Value.(string)
		p.keep(topic)
		p.table.RetainMessage(packets.Packet{TopicName: topic}) // an empty one frees its place
	}
	return true
}

// presenceHook tells of what mochi retains.
type presenceHook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *presenceHook) ID() string { return "presence" }

func (h *presenceHook) Provides(b byte) bool {
	return b == mqtt.OnRetainMessage || b == mqtt.OnRetainPublished
}

func (h *presenceHook) OnRetainMessage(_ *mqtt.Client, pk packets.Packet, _ int64) {
	p := h.broker.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if isStatus(pk.TopicName) {
		p.sort(pk.TopicName)
	}
}

// OnRetainPublished is called when a new subscriber has been sent what is retained. mochi reads that
// first: a status that has changed in between may have reached the subscriber before the older one,
// which would be what it believes. It gets what is so now, until that is what it got last.
func (h *presenceHook) OnRetainPublished(_ *mqtt.Client, told packets.Packet) {
	if !isStatus(told.TopicName) {
		return
	}
	for {
		now, ok := h.broker.mqtt.Topics.Retained.Get(told.TopicName)
		if !ok || bytes.Equal(now.Payload, told.Payload) {
			return
		}
		if err := h.broker.Publish(told.TopicName, bytes.Clone(now.Payload), false); err != nil {
			h.broker.log.Debug("a status was not told", "error", err)
			return
		}
		told = now
	}
}

// presentAs is the topic of the status of a connection's device, "" for others.
func (m member) presentAs() string {
	if m.role != ident.Device {
		return ""
	}
	return statusTopic(m.id)
}
