package signal

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestPresence(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		app := s.client(App, "app")
		status, stop := app.Watch(id("dev"))
		defer stop()
		wantNone(t, status) // the server has never seen it

		device := s.client(Device, "dev")
		want(t, status, true)
		second, stopSecond := app.Watch(id("dev"))
		defer stopSecond()
		select {
		case on := <-second: // at once
			if !on {
				t.Error("the second watch says off")
			}
		default:
			t.Error("the second watch knows nothing")
		}
		device.Close()
		want(t, status, false)
		want(t, second, false)
		third, stopThird := app.Watch(id("dev"))
		defer stopThird()
		want(t, third, false)
	})
}

func TestPresenceWhenTheConnectionBreaks(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.client(Device, "dev")
		s.mu.Lock()
		pipe := s.pipes[0]
		s.mu.Unlock()
		app := s.client(App, "app")
		status, stop := app.Watch(id("dev"))
		defer stop()
		want(t, status, true)
		pipe.Close()
		want(t, status, false) // the will
		time.Sleep(backoffBase)
		want(t, status, true) // it has come back
	})
}

// What comes by a connection that is not in use any more is out of date; and a device answers its own will where that came,
// which may be a connection that is not in use yet.
func TestPresenceOfTwoConnections(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app := s.client(Device, "dev"), s.client(App, "app")
		status, stop := app.Watch(id("dev"))
		defer stop()
		want(t, status, true)
		other := &link{duties: newDuties(), closing: make(chan struct{})}
		app.receive(other, statusTopic(id("dev")), []byte(statusOffline))
		wantNone(t, status)
		device.receive(other, statusTopic(id("dev")), []byte(statusOffline))
		device.receive(other, statusTopic(id("dev")), []byte(statusOffline))
		if n := len(other.duties.take()); n != 1 {
			t.Errorf("the will is answered %d times where it came", n)
		}
	})
}

// TestPresenceTellsTheLatest: who has not listened for a while hears what is so now.
func TestPresenceTellsTheLatest(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		app := s.client(App, "app")
		status, stop := app.Watch(id("dev"))
		defer stop()
		device := s.client(Device, "dev")
		time.Sleep(time.Second) // on, which nobody takes
		device.Close()
		time.Sleep(time.Second)
		want(t, status, false)
		wantNone(t, status)
	})
}

func TestPresenceAfterALateWill(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.client(Device, "dev")
		app := s.client(App, "app")
		// As a broker does that notices only now that a connection from before
		// has gone.
		s.broker.Publish(statusTopic(id("dev")), []byte(statusOffline), true)
		synctest.Wait()
		status, stop := app.Watch(id("dev"))
		defer stop()
		want(t, status, true)
		wantNone(t, status)
	})
}

// A restarted broker has forgotten what was retained.
func TestPresenceWithANewBroker(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.client(Device, "dev")
		app := s.client(App, "app")
		status, stop := app.Watch(id("dev"))
		defer stop()
		want(t, status, true)
		s.cut()
		time.Sleep(backoffMost)
		if !app.isOnline() {
			t.Fatal("the app has not come back")
		}
		for len(status) > 0 {
			<-status // what the two coming back one after the other made it look like
		}
		second, stopSecond := app.Watch(id("dev"))
		defer stopSecond()
		want(t, second, true)
	})
}

func TestWatchesShareASubscription(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		script := &scriptedServer{}
		s.answer(script.serve)
		app := s.client(App, "app")
		topic := statusTopic(id("dev"))
		subscribes := func(p packets.ControlPacket) bool {
			sub, ok := p.(*packets.SubscribePacket)
			return ok && slices.Contains(sub.Topics, topic)
		}
		unsubscribes := func(p packets.ControlPacket) bool {
			unsub, ok := p.(*packets.UnsubscribePacket)
			return ok && slices.Contains(unsub.Topics, topic)
		}
		check := func(when string, wantSubscribes, wantUnsubscribes int) {
			t.Helper()
			if subs, unsubs := script.count(subscribes), script.count(unsubscribes); subs != wantSubscribes || unsubs != wantUnsubscribes {
				t.Errorf("%s: %d SUBSCRIBE and %d UNSUBSCRIBE, want %d and %d", when, subs, unsubs, wantSubscribes, wantUnsubscribes)
			}
		}
		_, stop1 := app.Watch(id("dev"))
		_, stop2 := app.Watch(id("dev"))
		_, stopOther := app.Watch(id("other"))
		check("two watches", 1, 0)
		stop1()
		_, stop3 := app.Watch(id("dev"))
		check("one of three ended", 1, 0)
		s.cut()
		time.Sleep(backoffBase)
		check("reconnected", 2, 0)
		stop2()
		check("one is left", 2, 0)
		stop3()
		check("none is left", 2, 1)
		s.cut()
		time.Sleep(backoffMost)
		check("reconnected without watches", 2, 1)
		_, stop4 := app.Watch(id("dev"))
		check("watched again", 3, 1)
		stop4()
		stopOther()
		app.mu.Lock()
		defer app.mu.Unlock()
		if len(app.watches) > 0 {
			t.Errorf("watches are left: %v", app.watches)
		}
	})
}

func TestWatchWhileOffline(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.client(Device, "dev")
		s.answer(nil)
		app := s.client(App, "app")
		_, stopEarly := app.Watch(id("dev"))
		stopEarly()
		status, stop := app.Watch(id("dev"))
		defer stop()
		wantNone(t, status)
		s.answer(s.broker.Serve)
		time.Sleep(backoffMost)
		want(t, status, true)
	})
}

// TestPresenceIsNotLost when the server takes no data for a while: neither a device's nor what an app wants to know.
func TestPresenceIsNotLost(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app := s.client(Device, "dev"), s.client(App, "app")
		goOn := make(chan struct{})
		for _, c := range []*testClient{device, app} {
			c.link.enqueue(func() { <-goOn })
			synctest.Wait()
			for c.link.enqueue(func() {}) == nil {
			}
		}
		s.broker.Publish(statusTopic(id("dev")), []byte(statusOffline), true)
		status, stop := app.Watch(id("dev"))
		defer stop()
		wantNone(t, status)
		close(goOn)
		for on := range status { // it may see the will first
			if on {
				break
			}
		}
	})
}
