package signal

import (
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestServerComesBack(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app := s.client(Device, "dev"), s.client(App, "app")
		s.answer(nil)
		s.cut()
		time.Sleep(time.Minute)
		s.answer(s.broker.Serve)
		time.Sleep(backoffMost)
		if !device.isOnline() || !app.isOnline() {
			t.Fatal("not back within the longest pause")
		}
		app.Send(Device, id("dev"), offer("app", "1"))
		synctest.Wait()
		if len(device.got) != 1 {
			t.Error("the inbox is lost")
		}
	})
}

// However far a broken server gets with a client, it is not dialled in a loop.
func TestServerThatDropsIsNotDialledInALoop(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"at once":          func(conn net.Conn) { conn.Close() },
		"after CONNECT":    (&scriptedServer{ends: isConnect}).serve,
		"after SUBSCRIBE":  (&scriptedServer{ends: isSubscribe}).serve,
		"after the status": (&scriptedServer{ends: isPublish}).serve,
		"garbage": func(conn net.Conn) {
			go func() {
				packets.ReadPacket(conn)
				conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				conn.Close()
			}()
		},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				s.answer(serve)
				s.client(Device, "dev")
				time.Sleep(time.Minute)
				if n := len(s.dialled()); n > mostDialsInAMinute {
					t.Errorf("%d dials in a minute", n)
				}
			})
		})
	}
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	for name, script := range map[string]*scriptedServer{
		"CONNECT":   {mutes: isConnect},
		"SUBSCRIBE": {mutes: isSubscribe},
	} {
		t.Run(name, func(t *testing.T) {
			withServer(t, func(t *testing.T, s *testServer) {
				s.answer(script.serve)
				c := s.client(Device, "dev")
				const patience = connectTimeout + time.Second + backoffBase
				time.Sleep(patience)
				if c.isOnline() || c.Err() == nil {
					t.Error("online, with", c.Err())
				}
				if n := len(s.dialled()); n < 2 {
					t.Errorf("%d dials, want another after the first", n)
				}
				s.answer(s.broker.Serve)
				time.Sleep(patience + backoffMost)
				if !c.isOnline() {
					t.Error("the client is stuck with a server that has gone")
				}
			})
		})
	}
}

func TestServerThatStalls(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.answer((&scriptedServer{stops: isPublish}).serve)
		c := s.client(App, "app")
		if !c.isOnline() {
			t.Fatal(c.Err())
		}
		s.answer(s.broker.Serve)
		for i := range 10 {
			start := time.Now()
			c.Send(Device, id("dev"), offer("app", "1")) // the first is still read
			if took := time.Since(start); took > 2*writeTimeout+time.Second {
				t.Errorf("send %d took %v", i, took)
			}
		}
		time.Sleep(keepAlive)
		if !c.isOnline() || c.Send(Device, id("dev"), offer("app", "1")) != nil {
			t.Error("not back with a server that works")
		}
	})
}

// Nothing comes from the server any more, but the connection stands.
func TestSilentServerIsNoticed(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.answer((&scriptedServer{mutes: func(p packets.ControlPacket) bool {
			_, ping := p.(*packets.PingreqPacket)
			return ping
		}}).serve)
		c := s.client(App, "app")
		s.answer(s.broker.Serve)
		s.dialled()
		time.Sleep(2 * keepAlive)
		if n := len(s.dialled()); n != 1 || !c.isOnline() {
			t.Errorf("%d dials", n)
		}
	})
}

// A device finds out much sooner, since nobody else would tell it.
func TestSilentServerIsNoticedByADevice(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		var mute atomic.Bool
		s.answer((&scriptedServer{mutes: func(packets.ControlPacket) bool { return mute.Load() }}).serve)
		c := s.client(Device, "dev")
		s.answer(s.broker.Serve)
		s.dialled()
		time.Sleep(10 * deviceDoubts)
		if n := len(s.dialled()); n != 0 {
			t.Errorf("%d dials although the server answers", n)
		}
		mute.Store(true)
		time.Sleep(deviceDoubts + leastPatience)
		if n := len(s.dialled()); n != 1 || !c.isOnline() {
			t.Errorf("%d dials", n)
		}
	})
}

// Close returns soon and, as the end of a bubble proves, leaves no goroutine.
func TestCloseFromEveryState(t *testing.T) {
	silent := func(conn net.Conn) {}
	for name, test := range map[string]struct {
		serve func(net.Conn)
		after time.Duration
	}{
		"dial refused":            {nil, 0},
		"in a pause":              {nil, time.Minute},
		"nobody reads":            {silent, 0},
		"waiting for CONNACK":     {(&scriptedServer{mutes: isConnect}).serve, time.Second},
		"giving up on CONNACK":    {(&scriptedServer{mutes: isConnect}).serve, connectTimeout},
		"waiting for SUBACK":      {(&scriptedServer{mutes: isSubscribe}).serve, time.Second},
		"server reads no status":  {(&scriptedServer{stops: isSubscribe}).serve, time.Second},
		"server reads no goodbye": {(&scriptedServer{stops: isPublish}).serve, time.Second},
		"online":                  {(&scriptedServer{}).serve, 0},
		"online for long":         {(&scriptedServer{}).serve, time.Hour},
	} {
		for _, role := range []Role{App, Device} {
			t.Run(name+" as "+string(role), func(t *testing.T) {
				withServer(t, func(t *testing.T, s *testServer) {
					s.answer(test.serve)
					c := s.client(role, "id")
					_, stop := c.Watch(id("dev"))
					time.Sleep(test.after)
					start := time.Now()
					c.Close()
					if took := time.Since(start); took > time.Second {
						t.Errorf("close took %v", took)
					}
					c.Close()
					stop()
					select {
					case <-c.Online():
						t.Error("online after close")
					default:
					}
					// paho gives its own goroutines up by timeouts.
					time.Sleep(time.Minute)
					s.cut()
				})
			})
		}
	}
	t.Run("before anything", func(t *testing.T) {
		withServer(t, func(t *testing.T, s *testServer) {
			address, _ := ParseServer("mqtt://server.test")
			mustNew(t, Config{Server: address, Role: App, Key: keyOf("app"), Known: everybody, Dial: s.dial, Log: s.client(App, "x").cfg.Log}).Close()
		})
	})
}

// A cut at any byte of the conversation is only a cut.
func TestConnectionBreaksAtEveryPoint(t *testing.T) {
	for cut := 1; cut < 200; cut += 7 {
		withServer(t, func(t *testing.T, s *testServer) {
			s.answer(func(conn net.Conn) { s.broker.Serve(&cutConn{Conn: conn, left: cut}) })
			c := s.client(Device, "dev")
			time.Sleep(time.Second)
			s.answer(s.broker.Serve)
			time.Sleep(backoffMost + connectTimeout)
			if !c.isOnline() {
				t.Errorf("not back after a cut at byte %d", cut)
			}
		})
	}
}

// cutConn ends after so many bytes from the client.
type cutConn struct {
	net.Conn
	left int
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		c.Close()
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
