package rendezvous

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pion "github.com/pion/turn/v2"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// startOnOnePort starts a server of which some addresses are one and the same.
func startOnOnePort(t *testing.T, cfg *Config, addresses ...*string) *Server {
	t.Helper()
	for try := 0; ; try++ {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		for _, address := range addresses {
			*address = l.Addr().String()
		}
		s, err := Start(t.Context(), *cfg)
		switch {
		case err == nil:
			t.Cleanup(func() { s.Close() })
			return s
		case try == 10: // else somebody may have taken the port meanwhile
			t.Fatal(err)
		}
	}
}

// allocateOver has a relay, for a moment, over TCP or TLS.
func allocateOver(t *testing.T, conn net.Conn, server TURNServer) {
	t.Helper()
	client, err := pion.NewClient(&pion.ClientConfig{TURNServerAddr: conn.RemoteAddr().String(), Conn: pion.NewSTUNConn(conn), Username: server.Username, Password: server.Credential})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer client.Close()
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	relay, err := client.Allocate()
	if err != nil {
		t.Errorf("%s: %v", server.URL, err)
		return
	}
	relay.Close()
}

// Everything that goes over TCP is reached at one address, with the name of its protocol (ALPN) and, as clients of old, without.
func TestOnePort(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("serve", func(t *testing.T) {
		config, roots := testCertificate(t)
		cfg := &Config{TLS: config}
		s := startOnOnePort(t, cfg, &cfg.MQTT, &cfg.MQTTS, &cfg.WS, &cfg.WSS, &cfg.TURN, &cfg.TURNS)
		want := []string{"mqtts://" + cfg.MQTT, "mqtt://" + cfg.MQTT, "wss://" + cfg.MQTT, "ws://" + cfg.MQTT}
		if got := append([]string{s.URL()}, s.extra...); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("URLs %v, want %v", got, want)
		}
		var doc ICEDocument
		for _, url := range want {
			protocols := [][]string{nil}
			switch {
			case strings.HasPrefix(url, "mqtts"):
				protocols = [][]string{nil, {"mqtt"}, {"x-amzn-mqtt-ca", "mqtt"}, {"of another time"}}
			case strings.HasPrefix(url, "wss"):
				protocols = [][]string{nil, {"http/1.1"}, {"h2", "http/1.1"}}
			}
			for _, names := range protocols {
				doc = document(t, url, &tls.Config{RootCAs: roots, NextProtos: names})
			}
		}
		var urls []string
		for _, server := range doc.TURN {
			urls = append(urls, server.URL)
		}
		if len(doc.STUN) != 1 || doc.STUN[0] != cfg.TURN || strings.Join(urls, " ") !=
			"turn:"+cfg.TURN+"?transport=udp turn:"+cfg.TURN+"?transport=tcp turns:"+cfg.TURN+"?transport=tcp" {
			t.Fatalf("%v", doc)
		}
		plain, err := net.Dial("tcp", cfg.TURN)
		if err != nil {
			t.Fatal(err)
		}
		allocateOver(t, plain, doc.TURN[1])
		for _, names := range [][]string{nil, {"stun.turn"}, {"stun.nat-discovery"}} {
			secure, err := tls.Dial("tcp", cfg.TURNS, &tls.Config{RootCAs: roots, NextProtos: names})
			if err != nil {
				t.Fatal(err)
			}
			allocateOver(t, secure, doc.TURN[2])
		}
	})
	noMoreGoroutines(t, before)
}

// What is said to no service that is there ends the connection, and who says nothing does not keep the server from stopping.
func TestNobodyIsServedByChance(t *testing.T) {
	config, roots := testCertificate(t)
	cfg := &Config{TLS: config}
	s := startOnOnePort(t, cfg, &cfg.MQTTS, &cfg.TURNS)
	for _, c := range []struct {
		secure bool
		says   string
	}{
		{true, "GET / HTTP/1.1\r\n"}, {true, "\xff"}, {true, "\x40\x00\x00\x04"}, {false, "\x10\x20"}, {false, "GET"}, {false, "\x16\x03\x01"},
	} {
		conn, err := net.Dial("tcp", cfg.MQTTS)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		end := conn
		if c.secure {
			end = tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		}
		end.SetDeadline(await.Deadline())
		end.Write([]byte(c.says))
		conn.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, end); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: kept", c.says)
		}
	}
	for range 3 {
		silent, err := net.Dial("tcp", cfg.MQTTS)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	s.Close()
}

// Whoever comes to a shared address has as long as elsewhere to say what he wants, however slowly he says it, and gives way to
// others while he waits.
func TestASharedPortHasTheSameDoor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := noFaults(t)
		a := newAcceptors(log, newLobby())
		defer a.close()
		b := NewBroker(BrokerConfig{Log: log, lobby: a.lobby})
		defer b.Close()
		l := handed{make(chan net.Conn), make(chan struct{})}
		e := &entrance{Listener: l, plain: services{protoMQTT: b.Serve, protoTURN: func(net.Conn) { t.Error("a TURN client") }}}
		e.open(a)
		dial := func() net.Conn {
			ours, theirs := net.Pipe()
			l.conns <- theirs
			synctest.Wait()
			return ours
		}
		for _, pause := range []time.Duration{0, helloTimeout - time.Second} {
			began, conn := time.Now(), dial()
			time.Sleep(pause)
			if pause > 0 {
				conn.Write([]byte{0x10})
			}
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Error(err)
			}
			if took := time.Since(began); took != helloTimeout {
				t.Errorf("after a pause of %v the end came after %v, want %v", pause, took, helloTimeout)
			}
			conn.Close()
		}
		began, first := time.Now(), dial()
		for range maxWaiting {
			next := dial()
			defer next.Close()
		}
		if _, err := first.Read(make([]byte, 1)); err != io.EOF || time.Since(began) > 0 {
			t.Errorf("the oldest has its end after %v: %v", time.Since(began), err)
		}
	})
}

// FuzzSorter: whatever comes first goes to one service at most, and that has each byte of it.
func FuzzSorter(f *testing.F) {
	for _, first := range []string{"", "\x10\x20\x00\x04MQTT", "GET / HTTP/1.1\r\n", string(stunMessage(8, 8)), "\x40\x00\x00\x04abcd", "\x16\x03\x01\x00\x05", "\xff"} {
		f.Add([]byte(first), true)
		f.Add([]byte(first), false)
	}
	text := newSelfSigned()
	certificate, err := tls.X509KeyPair(text, text)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte, secure bool) {
		synctest.Test(t, func(t *testing.T) {
			a := newAcceptors(noFaults(t), newLobby())
			served, got := 0, new(bytes.Buffer)
			serve := func(conn net.Conn) {
				served++
				io.Copy(got, conn)
				conn.Close()
			}
			all := services{protoMQTT: serve, protoHTTP: serve, protoTURN: serve}
			l := handed{make(chan net.Conn), make(chan struct{})}
			e := &entrance{Listener: l, config: &tls.Config{Certificates: []tls.Certificate{certificate}}, plain: all, secure: all}
			e.open(a)
			conn, theirs := net.Pipe()
			l.conns <- theirs
			if secure {
				conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			}
			go io.Copy(io.Discard, conn)
			conn.Write(stream)
			conn.Close()
			synctest.Wait()
			a.close()
			switch {
			case served > 1:
				t.Errorf("%d services", served)
			case served == 1 && !bytes.Equal(got.Bytes(), stream):
				t.Errorf("%q comes out of %q", got, stream)
			case served == 0 && len(stream) > 0 && protocolOf(stream[0]) != "" && (secure || stream[0] != 0x16):
				t.Errorf("%q is served by none", stream)
			}
		})
	})
}
