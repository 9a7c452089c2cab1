package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// tamperer carries the packets between clients and a TURN server, and does with
// them what it likes.
type tamperer struct {
	front  *net.UDPConn
	server netip.AddrPort

	mu     sync.Mutex
	tamper func(p []byte) [][]byte // nil: honest
	past   [][]byte
}

func startTamperer(t *testing.T, server netip.AddrPort) *tamperer {
	t.Helper()
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	x := &tamperer{front: front, server: server}
	var workers sync.WaitGroup
	backs := map[netip.AddrPort]*net.UDPConn{}
	workers.Go(func() {
		defer func() {
			for _, back := range backs {
				back.Close()
			}
		}()
		buffer := make([]byte, 2048)
		for {
			n, from, err := front.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			back := backs[from]
			if back == nil {
				if back, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(server)); err != nil {
					return
				}
				backs[from] = back
				workers.Go(func() {
					buffer := make([]byte, 2048)
					for {
						n, err := back.Read(buffer)
						if err != nil {
							return
						}
						for _, p := range x.twist(buffer[:n]) {
							front.WriteToUDPAddrPort(p, from)
						}
					}
				})
			}
			for _, p := range x.twist(buffer[:n]) {
				back.Write(p)
			}
		}
	})
	t.Cleanup(func() {
		front.Close()
		workers.Wait()
	})
	return x
}

func (x *tamperer) twist(p []byte) [][]byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.tamper == nil {
		return [][]byte{p}
	}
	x.past = append(x.past[max(0, len(x.past)-50):], bytes.Clone(p))
	return x.tamper(bytes.Clone(p))
}

func (x *tamperer) do(tamper func(p []byte) [][]byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tamper = tamper
}

// TestRelayThatTampers: whatever a relay does with its packets, what arrives is
// what was sent, or the session ends.
func TestRelayThatTampers(t *testing.T) {
	flip := func(p []byte) []byte {
		p[mathrand.IntN(len(p))] ^= 1 << mathrand.IntN(8)
		return p
	}
	one := func(in int) bool { return mathrand.IntN(in) == 0 }
	for name, test := range map[string]struct {
		fatal  bool
		tamper func(x *tamperer, p []byte) [][]byte
	}{
		"flips bits": {false, func(_ *tamperer, p []byte) [][]byte {
			if one(20) {
				p = flip(p)
			}
			return [][]byte{p}
		}},
		"adds changed ones": {false, func(_ *tamperer, p []byte) [][]byte { return [][]byte{flip(bytes.Clone(p)), p} }},
		"loses": {false, func(_ *tamperer, p []byte) [][]byte {
			if one(20) {
				return nil
			}
			return [][]byte{p}
		}},
		"repeats": {false, func(x *tamperer, p []byte) [][]byte { return [][]byte{x.past[mathrand.IntN(len(x.past))], p, p} }},
		"adds noise": {false, func(_ *tamperer, p []byte) [][]byte {
			noise := make([]byte, 1+mathrand.IntN(1400))
			rand.Read(noise)
			forged := append(bytes.Clone(p[:min(len(p), 4)]), noise...) // with the header of a real one
			return [][]byte{noise, forged, p[:mathrand.IntN(len(p))], p}
		}},
		"flips a bit in each": {true, func(_ *tamperer, p []byte) [][]byte { return [][]byte{flip(p)} }},
		"swallows all":        {true, func(*tamperer, []byte) [][]byte { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			x, app, device := relayedPair(t)
			x.do(func(p []byte) [][]byte { return test.tamper(x, p) })
			started := time.Now()
			_, err := runAll(
				flow{from: app, to: device, channel: 1, part: 10_000, parts: 100},
				flow{from: device, to: app, channel: 2, part: 10_000, parts: 100})
			if (err != nil) != test.fatal {
				t.Errorf("after %v: %v", time.Since(started), err)
			}
			if code := CodeOf(app.Check()); test.fatal && code != ErrClosedTimeout {
				t.Errorf("the session's end is %s", code.Name())
			}
			x.do(nil)
		})
	}
}

// relayedPair is a session whose packets all pass a tamperer.
func relayedPair(t *testing.T) (x *tamperer, app, device *Session) {
	t.Helper()
	start := func(config rendezvous.Config) *rendezvous.Server {
		config.PublicIP, config.Secret = netip.MustParseAddr("127.0.0.1"), "a secret of two servers"
		server, err := rendezvous.Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		return server
	}
	turn, err := netip.ParseAddrPort(start(rendezvous.Config{TURN: "127.0.0.1:0"}).TURNAddr())
	if err != nil {
		t.Fatal(err)
	}
	x = startTamperer(t, turn)
	broker := start(rendezvous.Config{
		MQTT: "127.0.0.1:0", TURNURLs: []string{"turn:" + x.front.LocalAddr().String() + "?transport=udp"},
	})
	const offline = 2 * time.Second
	d, err := NewDevice(Config{Server: broker.URL(), DisableLAN: true, OfflineAfter: offline})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	a, err := NewApp(Config{UID: "user", Server: broker.URL(), DisableLAN: true, OfflineAfter: offline, Relay: RelayOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if err := d.Listen(); err != nil {
		t.Fatal(err)
	}
	target, err := a.Resolve(d.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	if app, err = a.Connect(context.Background(), target, ModeInternet, 10*time.Second, NewTraceID()); err != nil {
		t.Fatal(err)
	}
	if device, err = d.Accept(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	if path, _ := app.currentPath(); path != PathRelay {
		t.Fatalf("the path is %v", path)
	}
	return x, app, device
}
