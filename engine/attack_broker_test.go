package engine

import (
	"bufio"
	"net"
	"sync"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// openBroker is a broker without any limit or rule: everybody may publish and read
// everything.
type openBroker struct {
	url     string
	workers sync.WaitGroup

	mu       sync.Mutex
	clients  map[*brokerClient]bool
	retained map[string][]byte
}

type brokerClient struct {
	conn   net.Conn
	topics map[string]bool // guarded by openBroker.mu

	mu sync.Mutex // writes
}

func startOpenBroker(t *testing.T) *openBroker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newOpenBroker(t)
	b.url = "mqtt://" + l.Addr().String()
	b.workers.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.accept(conn)
		}
	})
	t.Cleanup(func() { l.Close() })
	return b
}

// newOpenBroker makes one that listens nowhere.
func newOpenBroker(t *testing.T) *openBroker {
	b := &openBroker{clients: map[*brokerClient]bool{}, retained: map[string][]byte{}}
	t.Cleanup(func() {
		b.mu.Lock()
		for c := range b.clients {
			c.conn.Close()
		}
		b.mu.Unlock()
		b.workers.Wait()
	})
	return b
}

func (b *openBroker) accept(conn net.Conn) {
	c := &brokerClient{conn: conn, topics: map[string]bool{}}
	b.mu.Lock()
	b.clients[c] = true
	b.mu.Unlock()
	b.workers.Go(func() { b.serve(c) })
}

// dial connects to it over a pipe.
func (b *openBroker) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	b.accept(theirs)
	return ours, nil
}

func (c *brokerClient) send(p packets.ControlPacket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.Write(c.conn)
}

func (b *openBroker) serve(c *brokerClient) {
	var will *packets.PublishPacket
	defer func() {
		b.mu.Lock()
		delete(b.clients, c)
		b.mu.Unlock()
		c.conn.Close()
		if will != nil {
			b.publish(will)
		}
	}()
	in := bufio.NewReaderSize(c.conn, 64<<10)
	for {
		p, err := packets.ReadPacket(in)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *packets.ConnectPacket:
			if p.WillFlag {
				will = publishPacket(p.WillTopic, p.WillMessage, p.WillRetain)
			}
			c.send(packets.NewControlPacket(packets.Connack))
		case *packets.SubscribePacket:
			answer := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			answer.MessageID, answer.ReturnCodes = p.MessageID, make([]byte, len(p.Topics))
			c.send(answer)
			b.subscribe(c, p.Topics)
		case *packets.PublishPacket:
			b.publish(p)
		case *packets.PingreqPacket:
			c.send(packets.NewControlPacket(packets.Pingresp))
		case *packets.DisconnectPacket:
			will = nil
			return
		}
	}
}

func publishPacket(topic string, payload []byte, retain bool) *packets.PublishPacket {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Retain = topic, payload, retain
	return p
}

func (b *openBroker) subscribe(c *brokerClient, topics []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, topic := range topics {
		c.topics[topic] = true
		if payload := b.retained[topic]; payload != nil {
			c.send(publishPacket(topic, payload, true))
		}
	}
}

func (b *openBroker) publish(p *packets.PublishPacket) {
	b.mu.Lock()
	if p.Retain {
		b.retained[p.TopicName] = p.Payload
	}
	var readers []*brokerClient
	for c := range b.clients {
		if c.topics[p.TopicName] {
			readers = append(readers, c)
		}
	}
	b.mu.Unlock()
	for _, c := range readers {
		c.send(publishPacket(p.TopicName, p.Payload, false))
	}
}
