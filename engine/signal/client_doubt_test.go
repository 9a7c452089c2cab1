package signal

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// silence makes the clients' connections swallow what comes and goes from now on, as when a router has lost its table.
func (s *testServer) silence() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pipe := range s.pipes {
		pipe.(*deafConn).deaf.Store(true)
	}
	s.pipes = nil
}

// A connection that is dead without a word costs no more than the dial of another once somebody doubts it, which begins
// before it is given up.
func TestDoubtFindsDeadConnection(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app := s.client(Device, "dev"), s.client(App, "app")
		time.Sleep(backoffStable)
		s.silence()
		s.dialled()
		start := time.Now()
		for range 3 {
			device.Doubt()
			app.Doubt()
		}
		time.Sleep(leastHeadStart - time.Millisecond)
		if n := len(s.dialled()); n > 0 {
			t.Errorf("%d dials before the server has had its time", n)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if !device.isOnline() || !app.isOnline() {
			t.Fatalf("not back after %v", time.Since(start))
		}
		if n := len(s.dialled()); n != 2 {
			t.Errorf("%d dials, want one of each", n)
		}
		app.Send(Device, id("dev"), offer("app", "1"))
		synctest.Wait()
		if len(device.got) != 1 {
			t.Error("the inbox is lost")
		}
		time.Sleep(2 * leastPatience)
		if n := len(s.dialled()); n > 0 || !device.isOnline() || !app.isOnline() {
			t.Errorf("%d more dials", n)
		}
	})
}

// Where the server is out of reach altogether, the connection in doubt is given up when its time is over, and the next one
// is dialled until there is an answer.
func TestDoubtWithoutAServer(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		c := s.client(Device, "dev")
		time.Sleep(backoffStable)
		s.silence()
		s.answer(nil)
		c.Doubt()
		time.Sleep(leastPatience + connectTimeout + 2*time.Second)
		synctest.Wait()
		if c.isOnline() {
			t.Fatal("online with nobody")
		}
		s.answer(func(conn net.Conn) { s.broker.Serve(conn) })
		c.Doubt()
		time.Sleep(connectTimeout + 2*time.Second) // of a dial that nobody answers
		synctest.Wait()
		if !c.isOnline() {
			t.Error("not back")
		}
	})
}

// A connection that answers late, while another one is being dialled, loses nothing.
func TestDoubtOfASlowConnection(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app := s.client(Device, "dev"), s.client(App, "app")
		time.Sleep(backoffStable)
		device.currentLink().dubious <- struct{}{}
		synctest.Wait()
		if !device.isOnline() {
			t.Fatal("offline")
		}
		app.Send(Device, id("dev"), offer("app", "1"))
		synctest.Wait()
		if len(device.got) != 1 {
			t.Error("the inbox is lost")
		}
	})
}

// Doubt about a connection that lives costs nothing, however often.
func TestDoubtOfALivingConnection(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		c := s.client(Device, "dev")
		time.Sleep(backoffStable)
		s.dialled()
		for range 100 {
			c.Doubt()
			time.Sleep(100 * time.Millisecond)
		}
		c.NetworkChanged(func(netip.Addr, netip.AddrPort) bool { return true })
		time.Sleep(2 * leastPatience)
		if n := len(s.dialled()); n > 0 || !c.isOnline() {
			t.Errorf("%d more dials", n)
		}
	})
}

// After a change of the network nobody waits for a pause to end, or for a connection from an address that is gone.
func TestNetworkChanged(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		c := s.client(Device, "dev")
		gone := netip.MustParseAddr("192.0.2.1")
		s.answer(nil)
		s.cut()
		time.Sleep(time.Minute)
		s.answer(func(conn net.Conn) { s.broker.Serve(conn) })
		c.NetworkChanged(func(netip.Addr, netip.AddrPort) bool { return true })
		synctest.Wait()
		if !c.isOnline() {
			t.Fatal("a pause goes on")
		}
		time.Sleep(backoffStable)
		c.currentLink().local = gone
		s.silence()
		c.NetworkChanged(func(ip netip.Addr, _ netip.AddrPort) bool { return ip != gone })
		time.Sleep(backoffBase)
		synctest.Wait()
		if !c.isOnline() || c.currentLink().local == gone {
			t.Error("the dead connection is waited for")
		}
	})
}

// slowConn is a server's that takes its time to say anything.
type slowConn struct{ net.Conn }

func (c slowConn) Write(p []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return c.Conn.Write(p)
}

// A device that goes while the connection beside the one in doubt is logging in is off, at whatever moment it goes.
func TestDeviceGoesWhileItsSpareLogsIn(t *testing.T) {
	for at := time.Duration(0); at < 30*time.Millisecond; at += 2 * time.Millisecond {
		withServer(t, func(t *testing.T, s *testServer) {
			device := s.client(Device, "dev")
			time.Sleep(backoffStable)
			s.silence()
			s.answer(func(conn net.Conn) { s.broker.Serve(slowConn{conn}) })
			device.Doubt()
			time.Sleep(leastHeadStart + at)
			device.Close()
			time.Sleep(10 * time.Minute)
			s.answer(func(conn net.Conn) { s.broker.Serve(conn) })
			synctest.Wait()
			status, stop := s.client(App, "app").Watch(id("dev"))
			defer stop()
			time.Sleep(5 * time.Second)
			select {
			case on := <-status:
				if on {
					t.Errorf("it went %v after the dial, and is on", at)
				}
			default:
			}
		})
	}
}
