package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// documents is a scripted server that gives each client that asks for it a document.
type documents struct {
	scriptedServer
	mu  sync.Mutex
	now ICEServers
}

func (d *documents) set(doc ICEServers) {
	d.mu.Lock()
	defer d.mu.Unlock()
	doc.Version = iceVersion
	d.now = doc
}

// answer makes it take the connections. The document follows the SUBACK.
func (d *documents) answer(s *testServer) {
	d.adds = func(p packets.ControlPacket) packets.ControlPacket {
		if !isSubscribe(p) {
			return nil
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		payload, _ := json.Marshal(d.now)
		publish := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		publish.TopicName, publish.Payload = iceTopic, payload
		return publish
	}
	s.answer(d.serve)
}

// logins are those that the server has seen.
func (d *documents) logins(t *testing.T) (all []*ident.Login) {
	for _, p := range d.connects() {
		l, err := ident.ParseLogin(p.Username, string(p.Password))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// A client whose clock is wrong makes its next logins by the server's, so that a
// server which has restarted lets it in at once.
func TestLoginsGoByTheServersClock(t *testing.T) {
	for _, c := range []struct{ says, uses time.Duration }{
		{5 * time.Second, 5 * time.Second}, {-9 * time.Minute, -9 * time.Minute}, {ident.LoginLifetime, ident.LoginLifetime},
		// What no honest server says to one that it has let in.
		{ident.LoginLifetime + time.Second, 0}, {-365 * 24 * time.Hour, 0}, {1<<63 - 1, 0},
	} {
		withServer(t, func(t *testing.T, s *testServer) {
			d := &documents{}
			now := time.Now().Add(c.says)
			d.set(ICEServers{Now: now.UnixMilli()})
			d.answer(s)
			begin := time.Now()
			client := s.client(Device, "dev")
			s.cut()
			time.Sleep(10 * time.Second)
			if !client.isOnline() {
				t.Fatal(client.Err())
			}
			logins := d.logins(t)
			if len(logins) != 2 || !logins[0].Issued.Equal(begin) {
				t.Fatalf("%d logins, the first of %v", len(logins), logins[0].Issued)
			}
			if ahead := logins[1].Issued.Sub(begin); ahead < c.uses || ahead > c.uses+backoffBase {
				t.Errorf("the server's clock is %v ahead, the login's %v", c.says, ahead)
			}
		})
	}
}

// Where the two clocks have been set since they were compared, a client gets in all
// the same.
func TestLoginsGoByEitherClockInTurn(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		d := &documents{}
		d.set(ICEServers{Now: time.Now().Add(9 * time.Minute).UnixMilli()})
		d.answer(s)
		s.client(Device, "dev")
		refuses := &scriptedServer{code: packets.ErrRefusedServerUnavailable}
		s.answer(refuses.serve)
		s.cut()
		time.Sleep(2 * time.Minute)
		begin := time.Now()
		var ahead []bool
		for _, p := range refuses.connects() {
			l, err := ident.ParseLogin(p.Username, string(p.Password))
			if err != nil {
				t.Fatal(err)
			}
			ahead = append(ahead, l.Issued.After(begin))
		}
		if len(ahead) < 4 || !slices.Equal(ahead[:4], []bool{true, false, true, false}) {
			t.Errorf("by the server's clock: %v", ahead)
		}
	})
}

// shows are statements that a test changes.
type shows struct {
	mu    sync.Mutex
	texts []string
}

func (s *shows) set(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = texts
}

func (s *shows) get() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts
}

// A client that the server does not know shows what it has learnt since, at once and
// once.
func TestShowMore(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		d := &documents{}
		d.set(ICEServers{Unknown: true})
		d.answer(s)
		has := &shows{}
		address, err := ParseServer("mqtt://server.test")
		if err != nil {
			t.Fatal(err)
		}
		c := mustNew(t, Config{
			Server: address, Role: App, Key: keyOf("app"), Known: everybody, Dial: s.dial, OnMessage: func(*Message) {},
			Statements: has.get, Log: slog.New(slog.DiscardHandler),
		})
		defer c.Close()
		synctest.Wait()
		want := func(when string, shown ...[]string) {
			t.Helper()
			synctest.Wait()
			logins := d.logins(t)
			if len(logins) != len(shown) {
				t.Fatalf("%s: %d logins, want %d", when, len(logins), len(shown))
			}
			for i, l := range logins {
				if !slices.Equal(l.Statements, shown[i]) {
					t.Errorf("%s: login %d shows %q, want %q", when, i, l.Statements, shown[i])
				}
			}
		}
		c.ShowMore()
		want("nothing to show", nil)
		has.set("one")
		c.ShowMore()
		want("one to show", nil, []string{"one"})
		begin := time.Now()
		for range 10 {
			c.ShowMore()
		}
		want("it has shown it", nil, []string{"one"})
		if time.Since(begin) != 0 {
			t.Error("it took time")
		}
		has.set("five", "four", "three", "two", "one")
		c.ShowMore()
		want("more than there is room for", nil, []string{"one"}, []string{"five", "four", "three", "two"})
		d.set(ICEServers{})
		s.cut()
		time.Sleep(time.Second)
		has.set("six")
		c.ShowMore()
		want("the server knows it", nil, []string{"one"}, []string{"five", "four", "three", "two"}, []string{"five", "four", "three", "two"})
	})
}

// Who waits for relays gets them when the server has some for it.
func TestRelaysAreWaitedFor(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		d := &documents{}
		d.set(ICEServers{Unknown: true})
		d.answer(s)
		c := s.client(App, "app")
		got := make(chan []TURNServer)
		go func() { got <- c.Relays(t.Context()) }()
		synctest.Wait()
		select {
		case relays := <-got:
			t.Fatal(relays)
		default:
		}
		d.set(testICEServers())
		s.cut() // it reads the document anew
		if relays := <-got; len(relays) != 2 {
			t.Error(relays)
		}
		if relays := c.Relays(t.Context()); len(relays) != 2 {
			t.Error(relays)
		}
		d.set(ICEServers{Unknown: true})
		s.cut()
		time.Sleep(2 * backoffBase) // the connection did not last
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if relays := c.Relays(ctx); relays != nil {
			t.Error(relays)
		}
	})
}

// A client that shall come again does, and says why it is not in.
func TestComeAgain(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		script := &scriptedServer{code: packets.ErrRefusedServerUnavailable}
		s.answer(script.serve)
		c := s.client(Device, "dev")
		if err := c.Err(); err == nil || !strings.Contains(err.Error(), "set this machine's clock") {
			t.Error(err)
		}
		s.answer(s.broker.Serve)
		time.Sleep(backoffMost)
		if !c.isOnline() {
			t.Error(c.Err())
		}
	})
}

// What belongs to an app is shown once, also if the order of it differs each time, and a server that does not know it by that
// is not asked again and again.
func TestStatementsAreShownOnce(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		d := &documents{}
		d.set(ICEServers{Unknown: true})
		d.answer(s)
		address, _ := ParseServer("mqtt://server.test")
		all := make([]string, 5*ident.MaxStatements)
		for i := range all {
			all[i] = fmt.Sprint("statement ", i)
		}
		c := mustNew(t, Config{
			Server: address, Role: App, Key: keyOf("app"), Known: everybody, Dial: s.dial, OnMessage: func(*Message) {},
			Statements: func() []string {
				mixed := slices.Clone(all)
				rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
				return mixed
			},
			Log: slog.New(slog.DiscardHandler),
		})
		defer c.Close()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(d.connects()); n > 1+len(all) {
			t.Errorf("%d logins", n)
		}
	})
}
