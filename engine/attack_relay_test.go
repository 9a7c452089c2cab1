package engine

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// tamperer is between an app and its relay, and does with their packets what it likes.
type tamperer struct {
	transport.Net

	mu     sync.Mutex
	tamper func(p []byte) [][]byte // nil: honest
	past   [][]byte
}

func (x *tamperer) ListenPacket(network, address string) (net.PacketConn, error) {
	conn, err := x.Net.ListenPacket(network, address)
	return &tamperedConn{PacketConn: conn, tamperer: x}, err
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

// tamperedConn has one reader.
type tamperedConn struct {
	net.PacketConn
	tamperer *tamperer
	read     [][]byte // what the next reads bring
	from     net.Addr
}

func (c *tamperedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	for _, packet := range c.tamperer.twist(p) {
		if _, err := c.PacketConn.WriteTo(packet, to); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (c *tamperedConn) ReadFrom(p []byte) (int, net.Addr, error) {
	for len(c.read) == 0 {
		n, from, err := c.PacketConn.ReadFrom(p)
		if err != nil {
			return n, from, err
		}
		c.read, c.from = c.tamperer.twist(bytes.Clone(p[:n])), from
	}
	n := copy(p, c.read[0])
	c.read = c.read[1:]
	return n, c.from, nil
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
			inWorld(t, func(t *testing.T, w *world) {
				x := new(tamperer)
				p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
					app.Relay = RelayOnly
					x.Net, app.network = app.network.Pion(), twin.Network{Net: x}
					app.OfflineAfter, device.OfflineAfter = 2*time.Second, 2*time.Second
				})
				app, device := p.connect(0)
				checkPath(t, app, device, PathRelay)
				x.do(func(p []byte) [][]byte { return test.tamper(x, p) })
				started := time.Now()
				_, err := runAll(
					flow{from: app, to: device, channel: 1, part: 10_000, parts: 100},
					flow{from: device, to: app, channel: 2, part: 10_000, parts: 100})
				if (err != nil) != test.fatal {
					t.Errorf("after %v: %v", time.Since(started), err)
				}
				// A bit that is flipped in the relay's own framing does no harm, so the farewell of a
				// device that has waited in vain may come through.
				if code := CodeOf(app.Check()); test.fatal && code != ErrClosedTimeout && code != ErrClosedRemote {
					t.Errorf("the session's end is %s", code.Name())
				}
				x.do(nil)
			})
		})
	}
}

// TestRelayLearnsNoIDs: who sits before the relay sees that somebody relays, and not
// who.
func TestRelayLearnsNoIDs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var seen bytes.Buffer
		x := new(tamperer)
		x.do(func(p []byte) [][]byte {
			seen.Write(p)
			return [][]byte{p}
		})
		use := w.server(rendezvous.Config{})
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
			use(app, device)
			app.Relay = RelayOnly
			x.Net, app.network = app.network.Pion(), twin.Network{Net: x}
		})
		app, device := p.connect(0)
		checkPath(t, app, device, PathRelay)
		w.must(exchange(app, device))
		x.do(nil)
		if !bytes.Contains(seen.Bytes(), []byte(rendezvous.Realm)) {
			t.Fatal("nothing of TURN was seen")
		}
		for _, id := range []string{p.app.identity.ID, p.device.ID()} {
			key, err := ident.Parse(id)
			w.must(err)
			for _, text := range []string{id, strings.ToUpper(id), string(key), hex.EncodeToString(key)} {
				if bytes.Contains(seen.Bytes(), []byte(text)) {
					t.Errorf("the relay has seen an id: %q", text)
				}
			}
		}
	})
}
