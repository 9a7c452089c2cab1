package signal

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func offer(from, attempt string) *Message {
	return &Message{
		Kind: Offer, From: id(from), Attempt: attempt, Ufrag: "ufrag", Pwd: strings.Repeat("p", 22),
		Candidates: []Candidate{{Host, netip.MustParseAddrPort("192.0.2.1:1234")}, {ServerReflexive, netip.MustParseAddrPort("[2001:db8::1]:5")}},
	}
}

func TestMessagesReachTheInbox(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app, other := s.client(Device, "dev"), s.client(App, "app"), s.client(App, "other")
		sameID := s.client(App, "dev")
		for i := range 50 {
			if err := app.Send(Device, id("dev"), offer("app", fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		answer := offer("dev", "1")
		answer.Kind = Answer
		if err := device.Send(App, id("app"), answer); err != nil {
			t.Fatal(err)
		}
		if err := app.Send(Device, id("nobody"), offer("app", "x")); err != nil {
			t.Error("to send to nobody is no error:", err)
		}
		synctest.Wait()
		for i := range 50 {
			if m := <-device.got; !reflect.DeepEqual(m, offer("app", fmt.Sprint(i))) {
				t.Fatalf("message %d: %+v", i, m)
			}
		}
		if m := <-app.got; !reflect.DeepEqual(m, answer) {
			t.Errorf("%+v", m)
		}
		for _, c := range []*testClient{device, app, other, sameID} {
			if len(c.got) > 0 {
				t.Errorf("a message too many: %+v", <-c.got)
			}
		}
	})
}

func TestSendOffline(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		s.answer(nil)
		c := s.client(App, "app")
		if c.Send(Device, id("dev"), offer("app", "1")) == nil || c.Err() == nil {
			t.Error("no error")
		}
		c.Close()
		if c.Send(Device, id("dev"), offer("app", "1")) == nil || c.Err() != ErrClosed {
			t.Error("after close:", c.Err())
		}
	})
}

const iceDocument = `{"v":1,"expires":4102444800,"stun":["203.0.113.1:3478"],"turn":[{"url":"turn:203.0.113.1:3478?transport=udp","username":"u","credential":"c"}]}`

func TestICEServers(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		c := s.client(App, "app")
		servers, known := c.ICE()
		select {
		case <-known:
			t.Fatal("known before it was published", servers)
		default:
		}
		s.broker.Publish(iceTopic, []byte(iceDocument), true)
		<-known
		want, _ := c.ICE()
		if len(want.STUN) != 1 || len(want.TURN) != 1 || want.TURN[0].Credential != "c" {
			t.Fatalf("%+v", want)
		}
		for _, malformed := range []string{
			"", "{", "[]", "7", `"x"`, `{"stun":"x"}`, `{"turn":[1]}`, `{"expires":"x"}`, "\x00\xff",
			`{"stun":["` + strings.Repeat("x", maxICETextBytes+1) + `"]}`,
			`{"stun":[` + strings.Repeat(`"x",`, maxICEServers) + `"x"]}`,
			iceDocument + strings.Repeat(" ", MaxMessageBytes),
		} {
			s.broker.Publish(iceTopic, []byte(malformed), true)
			synctest.Wait()
			if got, _ := c.ICE(); !reflect.DeepEqual(got, want) {
				t.Errorf("%.40q made it %+v", malformed, got)
			}
		}
		s.broker.Publish(iceTopic, []byte(strings.ReplaceAll(iceDocument, `"c"`, `"new"`)), true)
		synctest.Wait()
		if got, _ := c.ICE(); got.TURN[0].Credential != "new" {
			t.Errorf("%+v", got)
		}
		late := s.client(App, "late")
		synctest.Wait()
		if got, _ := late.ICE(); len(got.TURN) != 1 {
			t.Errorf("a client that comes later has %+v", got)
		}
	})
}

func TestGarbageIsDropped(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device, app := s.client(Device, "dev"), s.client(App, "app")
		status, stop := app.Watch(id("dev"))
		defer stop()
		want(t, status, true)
		good := sealed(t, offer("app", "1"), "app", "dev", time.Now())
		text, err := offer("app", "1").Encode()
		if err != nil {
			t.Fatal(err)
		}
		garbage := [][]byte{nil, {0}, []byte("off "), []byte("ON"), []byte("{}"), []byte("null"), text, good[:len(good)-1], append(bytes.Clone(good), good...),
			[]byte(strings.Repeat("[", MaxMessageBytes)), []byte(strings.Repeat("{\"a\":", 1000)), make([]byte, 60_000)}
		for _, payload := range garbage {
			for _, topic := range []string{inbox(Device, id("dev")), inbox(App, id("app")), iceTopic, statusTopic(id("dev"))} {
				if err := s.broker.Publish(topic, payload, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		wantNone(t, status)
		if len(device.got)+len(app.got) > 0 {
			t.Error("garbage came through")
		}
		s.broker.Publish(inbox(Device, id("dev")), good, false)
		synctest.Wait()
		if len(device.got) != 1 {
			t.Error("the client is deaf after garbage")
		}
		if dials := s.dialled(); len(dials) != 2 {
			t.Errorf("%d dials, want 2: garbage must not cost the connection", len(dials))
		}
	})
}

// A message whose handling takes long delays the next, and loses none.
func TestMessagesComeOneAtATime(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		address, _ := ParseServer("mqtt://server.test")
		running := 0
		got := make(chan string, 10)
		c := mustNew(t, Config{Server: address, Role: Device, Key: keyOf("dev"), Known: everybody, Dial: s.dial, Log: s.client(App, "x").cfg.Log, OnMessage: func(m *Message) {
			if running++; running != 1 {
				t.Error("two at a time")
			}
			time.Sleep(time.Second)
			running--
			got <- m.Attempt
		}})
		defer c.Close()
		app := s.client(App, "app")
		for _, attempt := range []string{"1", "2", "3"} {
			app.Send(Device, id("dev"), offer("app", attempt))
		}
		for _, attempt := range []string{"1", "2", "3"} {
			if a := <-got; a != attempt {
				t.Errorf("got %s, want %s", a, attempt)
			}
		}
	})
}

// While one connection to the server takes another's place both bring messages: they come one at a time all the same.
func TestMessagesOfTwoConnections(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		c := s.client(Device, "device")
		const connections, each = 4, 20
		var envelopes [][]byte
		for i := range connections * each {
			envelopes = append(envelopes, sealed(t, offer("app", fmt.Sprint("attempt", i)), "app", "device", time.Now().Add(time.Duration(i)*time.Millisecond)))
		}
		var at, most, came atomic.Int32
		c.cfg.OnMessage = func(*Message) {
			most.Store(max(most.Load(), at.Add(1)))
			came.Add(1)
			for range 10 {
				runtime.Gosched()
			}
			at.Add(-1)
		}
		var all sync.WaitGroup
		for i := range connections {
			all.Go(func() {
				for _, e := range envelopes[i*each : (i+1)*each] {
					c.receive(nil, inbox(Device, c.id), e)
				}
			})
		}
		all.Wait()
		if most.Load() != 1 || came.Load() == 0 {
			t.Errorf("%d at a time, %d in all", most.Load(), came.Load())
		}
	})
}
