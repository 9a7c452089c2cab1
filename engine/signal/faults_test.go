package signal

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// In these tests something panics in a goroutine of the MQTT client's, or of ours:
// a message may get lost, a connection be made anew, and the process lives.

// safeBuffer is what many goroutines log.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) want(t *testing.T, function string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if text := b.text.String(); !strings.Contains(text, "a fault in the library") || !strings.Contains(text, function) {
		t.Errorf("no fault in %s was logged, but %s", function, text)
	}
}

// clientThat is a device with a configuration that the test changes.
func (s *testServer) clientThat(change func(*Config)) (c *testClient, log *safeBuffer) {
	s.t.Helper()
	address, err := ParseServer("mqtt://server.test")
	if err != nil {
		s.t.Fatal(err)
	}
	log = new(safeBuffer)
	got := make(chan *Message, 1000)
	config := Config{
		Server: address, Role: Device, Key: keyOf("dev"), Known: everybody, Dial: s.dial,
		OnMessage: func(m *Message) { got <- m },
		Log:       slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	change(&config)
	c = &testClient{got: got, Client: mustNew(s.t, config)}
	s.t.Cleanup(func() { c.Close() })
	synctest.Wait()
	return c, log
}

// once panics the first time that it is called.
func once() func() {
	var done atomic.Bool
	return func() {
		if done.CompareAndSwap(false, true) {
			panic("the test's own")
		}
	}
}

func TestFaultOverAMessage(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"gate": func(c *Config) {
			fail := once()
			c.Known = func(string) bool { fail(); return true }
		},
		"handler": func(c *Config) {
			fail, handle := once(), c.OnMessage
			c.OnMessage = func(m *Message) { fail(); handle(m) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				device, log := s.clientThat(change)
				app := s.client(App, "app")
				s.dialled()
				for _, attempt := range []string{"1", "2"} {
					if err := app.Send(Device, id("dev"), offer("app", attempt)); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				log.want(t, "TestFaultOverAMessage")
				if m := <-device.got; m.Attempt != "2" {
					t.Errorf("got message %s", m.Attempt)
				}
				if n := len(s.dialled()); n > 0 {
					t.Errorf("%d connections were made for it", n)
				}
			})
		})
	}
}

// brokenConn panics in one of its methods.
type brokenConn struct {
	net.Conn
	method string
	fail   func()
}

func (c brokenConn) Read(p []byte) (int, error) {
	if c.method == "Read" {
		c.fail()
	}
	return c.Conn.Read(p)
}

func (c brokenConn) Write(p []byte) (int, error) {
	if c.method == "Write" {
		c.fail()
	}
	return c.Conn.Write(p)
}

func (c brokenConn) Close() error {
	c.Conn.Close()
	if c.method == "Close" {
		c.fail()
	}
	return nil
}

func TestFaultInAConnection(t *testing.T) {
	for _, method := range []string{"Dial", "Read", "Write", "Close"} {
		t.Run(method, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				fail := once()
				device, log := s.clientThat(func(c *Config) {
					c.Dial = func() (net.Conn, error) {
						if method == "Dial" {
							fail()
						}
						conn, err := s.dial()
						return brokenConn{conn, method, fail}, err
					}
				})
				if method == "Close" {
					s.cut()
				}
				time.Sleep(10 * time.Second)
				log.want(t, "TestFaultInAConnection")
				if !device.isOnline() {
					t.Error("the client has not connected again:", device.Err())
				}
			})
		})
	}
}

// An operation that panics ends the goroutine that sends: without it the connection
// would be of no use.
func TestFaultInTheWriter(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, log := s.clientThat(func(*Config) {})
		first := device.currentLink()
		first.enqueue(func() { panic("the test's own") })
		synctest.Wait()
		time.Sleep(10 * time.Second)
		log.want(t, "TestFaultInTheWriter")
		if now := device.currentLink(); now == nil || now == first {
			t.Error("the client has not connected again:", device.Err())
		}
	})
}

// The goroutine that keeps the connection does so after a panic, too.
func TestFaultInTheKeeper(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.answer(nil)
		device, log := s.clientThat(func(*Config) {})
		device.mu.Lock()
		online := device.online
		device.online = nil // which cannot be closed
		device.mu.Unlock()
		s.answer(s.broker.Serve)
		time.Sleep(10 * time.Second)
		close(online)
		log.want(t, "setOnline")
		if !device.isOnline() {
			t.Error("the client has not connected again:", device.Err())
		}
	})
}
