package signal

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// connects returns the CONNECT packets that a scripted server has seen.
func (s *scriptedServer) connects() (seen []*packets.ConnectPacket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.seen {
		if p, ok := p.(*packets.ConnectPacket); ok {
			seen = append(seen, p)
		}
	}
	return seen
}

func TestEachConnectionHasAFreshLogin(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		script := &scriptedServer{ends: isConnect}
		s.answer(script.serve)
		s.client(Device, "dev")
		time.Sleep(time.Hour)
		seen := map[string]bool{}
		for _, p := range script.connects() {
			password := string(p.Password)
			l, err := ident.ParseLogin(p.Username, password)
			if err != nil {
				t.Fatal(err)
			}
			if l.ID != id("dev") || l.Role != ident.Device || l.Server != "server.test:1883" || l.CheckSignature() != nil {
				t.Fatalf("%+v", l)
			}
			if seen[password] {
				t.Fatal("used twice")
			}
			seen[password] = true
		}
		if len(seen) < 100 {
			t.Errorf("%d logins in an hour", len(seen))
		}
	})
}

func TestAnAccountIsSentUnchanged(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		script := &scriptedServer{}
		s.answer(script.serve)
		address, err := ParseServer("mqtt://us%20er:pass%2Fword@server.test")
		if err != nil {
			t.Fatal(err)
		}
		c := mustNew(t, Config{Server: address, Role: App, Key: keyOf("app"), Known: everybody, Dial: s.dial, Log: slog.New(slog.DiscardHandler)})
		defer c.Close()
		synctest.Wait()
		if seen := script.connects(); len(seen) != 1 || seen[0].Username != "us er" || string(seen[0].Password) != "pass/word" {
			t.Errorf("%v", seen)
		}
	})
}

// A client that is refused says what to do and goes on trying, with the backoff.
func TestARefusedLogin(t *testing.T) {
	for account, advice := range map[string]string{"": "clock", "user:password@": "check user and password"} {
		withServer(t, func(t *testing.T, s *testServer) {
			address, err := ParseServer("mqtt://" + account + "another.test") // a name that the server does not go by
			if err != nil {
				t.Fatal(err)
			}
			stranger := mustNew(t, Config{Server: address, Role: Device, Key: keyOf("dev"), Known: everybody, Dial: s.dial, Log: slog.New(slog.DiscardHandler)})
			defer stranger.Close()
			time.Sleep(time.Minute)
			if err := stranger.Err(); !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), advice) {
				t.Errorf("%v, want %q in it", err, advice)
			}
			if n := len(s.dialled()); n < 2 || n > mostDialsInAMinute {
				t.Errorf("%d dials in a minute", n)
			}
			device := s.client(Device, "dev")
			if !device.isOnline() {
				t.Error("who dials the right name is not let in", device.Err())
			}
		})
	}
}

// A login that is of another time, for the server, is told from others.
func TestAWrongClock(t *testing.T) {
	for code, wrong := range map[byte]bool{4: true, 5: false} {
		withServer(t, func(t *testing.T, s *testServer) {
			s.answer((&scriptedServer{code: code, ends: isConnect}).serve)
			address, err := ParseServer("mqtt://server.test")
			if err != nil {
				t.Fatal(err)
			}
			c := mustNew(t, Config{Server: address, Role: App, Key: keyOf("app"), Known: everybody, Dial: s.dial, Log: slog.New(slog.DiscardHandler)})
			defer c.Close()
			time.Sleep(time.Second)
			if err := c.Err(); !errors.Is(err, ErrLogin) || errors.Is(err, ErrClock) != wrong || !strings.Contains(err.Error(), "clock") {
				t.Errorf("code %d: %v", code, err)
			}
		})
	}
}

func TestPinInTheServersAddress(t *testing.T) {
	pin := strings.Repeat("A", 43)
	for server, want := range map[string]string{
		"mqtts://example.org?pin=" + pin:         "mqtts://example.org:8883",
		"wss://example.org/mqtt?a=b&pin=" + pin:  "wss://example.org:443/mqtt?a=b",
		"mqtts://user:password@[::1]?pin=" + pin: "mqtts://user:password@[::1]:8883",
	} {
		u, err := ParseServer(server)
		if err != nil {
			t.Fatalf("%s: %v", server, err)
		}
		if got, pinned := pinOf(u); !pinned || got != pin {
			t.Errorf("%s: pin %q", server, got)
		}
		if dialled := withoutPin(u).String(); dialled != want {
			t.Errorf("%s: dials %s", server, dialled)
		}
		if config := tlsFor(u, nil); config.VerifyConnection == nil || !errors.Is(config.VerifyConnection(tls.ConnectionState{}), ident.ErrPin) {
			t.Errorf("%s: the pin is not checked", server)
		}
	}
	for _, server := range []string{
		"mqtts://example.org?pin=", "mqtts://example.org?pin=x", "mqtts://example.org?pin=" + pin + "A", "mqtts://example.org?pin", "mqtts://example.org?pin=%zz",
		"mqtt://example.org?pin=" + pin, "ws://example.org?pin=" + pin,
	} {
		if u, err := ParseServer(server); err == nil {
			t.Errorf("%q is %v", server, u)
		}
	}
	u, err := ParseServer("wss://example.org/mqtt?a=b")
	if err != nil || tlsFor(u, nil).InsecureSkipVerify || withoutPin(u).String() != "wss://example.org:443/mqtt?a=b" {
		t.Error(u, err)
	}
}

// A flood at the broker's door does not keep a client out for long.
func TestClientGetsInThroughAFlood(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		for range 5000 {
			ours, theirs := net.Pipe()
			s.broker.Serve(theirs)
			go io.Copy(io.Discard, ours)
		}
		if c := s.client(App, "app"); !c.isOnline() {
			t.Error(c.Err())
		}
	})
}
