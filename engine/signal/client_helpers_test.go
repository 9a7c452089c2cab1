package signal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// testServer is what clients dial: the embedded broker over pipes, or what a
// test puts in its place. A bubble does not end before all goroutines have, so
// each test is one of leaks, too.
type testServer struct {
	t      *testing.T
	broker *rendezvous.Broker

	mu    sync.Mutex
	serve func(net.Conn) // nil: nobody is there
	dials []time.Time
	pipes []net.Conn // the clients' ends
}

// withServer runs a test in fake time with a broker.
func withServer(t *testing.T, test func(t *testing.T, s *testServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &testServer{t: t, broker: rendezvous.NewBroker(rendezvous.BrokerConfig{Names: []string{"server.test"}})}
		s.serve = s.broker.Serve
		t.Cleanup(func() { s.broker.Close() })
		test(t, s)
	})
}

// answer makes serve take the connections from now on; nil: dials fail.
func (s *testServer) answer(serve func(net.Conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serve = serve
}

func (s *testServer) dial() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials = append(s.dials, time.Now())
	if s.serve == nil {
		return nil, errors.New("connection refused")
	}
	pipe, theirs := net.Pipe()
	s.serve(theirs)
	ours := &deafConn{Conn: pipe}
	s.pipes = append(s.pipes, ours)
	return ours, nil
}

// deafConn can become a connection on which nothing comes or goes any more.
type deafConn struct {
	net.Conn
	deaf atomic.Bool
}

func (c *deafConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.deaf.Load() {
			return n, err
		}
	}
}

func (c *deafConn) Write(p []byte) (int, error) {
	if c.deaf.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// cut breaks all connections, as if their hosts had gone.
func (s *testServer) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pipe := range s.pipes {
		pipe.Close()
	}
	s.pipes = nil
}

// dialled returns the times of the dials since the last call.
func (s *testServer) dialled() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	dials := s.dials
	s.dials = nil
	return dials
}

// testClient is a Client and what it has received.
type testClient struct {
	*Client
	got chan *Message
}

// keyOf is the same for the same name.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func id(name string) string { return ident.Format(keyOf(name).Public().(ed25519.PublicKey)) }

func everybody(string) bool { return true }

func mustNew(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// client connects the one of that name; cleanup closes it.
func (s *testServer) client(role Role, name string) *testClient {
	s.t.Helper()
	address, err := ParseServer("mqtt://server.test")
	if err != nil {
		s.t.Fatal(err)
	}
	got := make(chan *Message, 1000)
	c := &testClient{got: got, Client: mustNew(s.t, Config{
		Server: address, Role: role, Key: keyOf(name), Known: everybody, Dial: s.dial,
		OnMessage: func(m *Message) { got <- m },
		Log:       slog.New(slog.DiscardHandler),
	})}
	s.t.Cleanup(func() { c.Close() })
	synctest.Wait()
	return c
}

func (c *testClient) isOnline() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil
}

// want returns the status that has arrived, which must be there already.
func want(t *testing.T, status <-chan bool, on bool) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-status:
		if got != on {
			t.Errorf("the device is on: %v, want %v", got, on)
		}
	default:
		t.Errorf("no status came, want on: %v", on)
	}
}

func wantNone(t *testing.T, status <-chan bool) {
	t.Helper()
	synctest.Wait()
	select {
	case got := <-status:
		t.Errorf("a status came: %v", got)
	default:
	}
}

// scriptedServer speaks MQTT as a test says: what it does not want to answer
// stays without an answer.
type scriptedServer struct {
	mutes func(packets.ControlPacket) bool                  // nil: answers all
	ends  func(packets.ControlPacket) bool                  // closes the connection after the answer
	stops func(packets.ControlPacket) bool                  // reads no more
	adds  func(packets.ControlPacket) packets.ControlPacket // what follows the answer, or nil; nil: nothing does
	code  byte                                              // of each CONNACK

	mu   sync.Mutex
	seen []packets.ControlPacket
}

// serve takes a connection.
func (s *scriptedServer) serve(conn net.Conn) { go s.run(conn) }

func (s *scriptedServer) run(conn net.Conn) {
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			conn.Close()
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, p)
		s.mu.Unlock()
		if s.stops != nil && s.stops(p) {
			return
		}
		if s.mutes == nil || !s.mutes(p) {
			if answer := answerTo(p); answer != nil {
				if connack, ok := answer.(*packets.ConnackPacket); ok {
					connack.ReturnCode = s.code
				}
				answer.Write(conn)
			}
			if s.adds != nil {
				if added := s.adds(p); added != nil {
					added.Write(conn)
				}
			}
		}
		if s.ends != nil && s.ends(p) {
			conn.Close()
			return
		}
	}
}

func answerTo(p packets.ControlPacket) packets.ControlPacket {
	switch p := p.(type) {
	case *packets.ConnectPacket:
		return packets.NewControlPacket(packets.Connack)
	case *packets.SubscribePacket:
		answer := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
		answer.MessageID, answer.ReturnCodes = p.MessageID, make([]byte, len(p.Topics))
		return answer
	case *packets.UnsubscribePacket:
		answer := packets.NewControlPacket(packets.Unsuback).(*packets.UnsubackPacket)
		answer.MessageID = p.MessageID
		return answer
	case *packets.PingreqPacket:
		return packets.NewControlPacket(packets.Pingresp)
	}
	return nil
}

// count returns how many packets about a topic have come, of the kind that
// counts says.
func (s *scriptedServer) count(counts func(packets.ControlPacket) bool) (n int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.seen {
		if counts(p) {
			n++
		}
	}
	return n
}

func isConnect(p packets.ControlPacket) bool   { _, ok := p.(*packets.ConnectPacket); return ok }
func isSubscribe(p packets.ControlPacket) bool { _, ok := p.(*packets.SubscribePacket); return ok }
func isPublish(p packets.ControlPacket) bool   { _, ok := p.(*packets.PublishPacket); return ok }
