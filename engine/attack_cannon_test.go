package engine

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/transport/v2"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// countedNet is a network that keeps what is sent to whom.
type countedNet struct {
	transport.Net

	mu   sync.Mutex
	sent []sentPacket
}

type sentPacket struct {
	at time.Time
	to netip.AddrPort
}

func (n *countedNet) ListenPacket(network, address string) (net.PacketConn, error) {
	conn, err := n.Net.ListenPacket(network, address)
	return countedConn{conn, n}, err
}

type countedConn struct {
	net.PacketConn
	net *countedNet
}

func (c countedConn) WriteTo(p []byte, to net.Addr) (int, error) {
	c.net.mu.Lock()
	c.net.sent = append(c.net.sent, sentPacket{time.Now(), hosts.AddrPort(to)})
	c.net.mu.Unlock()
	return c.PacketConn.WriteTo(p, to)
}

// take returns what was sent since it was called last.
func (n *countedNet) take() []sentPacket {
	n.mu.Lock()
	defer n.mu.Unlock()
	sent := n.sent
	n.sent = nil
	return sent
}

// cannoneer is somebody who knows a device's id and the broker, and has a key that
// nobody knows.
type cannoneer struct {
	world   *world
	key     ed25519.PrivateKey
	attempt string
}

func (w *world) cannoneer() cannoneer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	return cannoneer{w, key, NewTraceID()}
}

// say sends a device a message with candidates.
func (c cannoneer) say(to, kind string, addresses ...string) {
	c.world.t.Helper()
	c.sayTo("t2p/1/d/"+to+"/rx", to, kind, addresses...)
}

func (c cannoneer) sayTo(topic, to, kind string, addresses ...string) {
	c.world.t.Helper()
	var candidates []map[string]string
	for _, address := range addresses {
		candidates = append(candidates, map[string]string{"type": "srflx", "address": address})
	}
	c.world.must(c.world.broker.Publish(topic, sealedMessage(c.world.t, c.key, to, map[string]any{
		"kind": kind, "attempt": c.attempt, "ufrag": "ufrag", "pwd": "0123456789012345678901", "candidates": candidates,
	}), false))
}

// fire sends two messages, each with as many candidates as fit.
func (c cannoneer) fire(to string) {
	ports := func(host string, n int) (all []string) {
		for port := range n {
			all = append(all, fmt.Sprintf("%s:%d", host, 2000+port))
		}
		return all
	}
	hosts := []string{"198.51.100.1:9", "198.51.100.2:9", "198.51.100.3:9", "10.0.0.1:9"}
	c.say(to, "offer", slices.Concat(special, ports("203.0.113.200", 10), hosts)...)
	c.say(to, "candidates", slices.Concat(ports("203.0.113.201", 12), ports("203.0.113.202", 12))...)
}

// TestStrangerCannotAimTheDevice: where an authorizer decides about strangers, two
// messages of an unknown key make the device send little, slowly, to hosts only.
func TestStrangerCannotAimTheDevice(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		counted := new(countedNet)
		p := w.pair(w.home(public), w.home(fullCone), func(_, device *Config) {
			counted.Net, device.network = device.network.Pion(), twin.Network{Net: counted}
			device.Strangers = StrangersAsk
		})
		p.device.SetAuthorizer(func(Peer) Code { return OK })
		counted.take()
		w.cannoneer().fire(p.device.ID())
		time.Sleep(base.NegotiationTime + 10*time.Second)

		reach := paths.ReachOn(p.device.config.network, signal.ICEServers{})
		server := netip.MustParseAddr(serverIP) // which it asks for its own address
		perHost := map[netip.Addr]int{}
		var before time.Time
		for _, s := range counted.take() {
			if s.at.Sub(before) < base.CheckPace {
				t.Errorf("a packet to %v follows another after %v", s.to, s.at.Sub(before))
			}
			before = s.at
			if host := s.to.Addr(); host != server {
				perHost[limit.Source(host)]++
			}
			if err := reach.Check(s.to); err != nil {
				t.Errorf("a packet to %v: %v", s.to, err)
			}
		}
		total := 0
		for host, n := range perHost {
			total += n
			if n > base.MaxUnanswered {
				t.Errorf("%d packets to %v", n, host)
			}
		}
		if total == 0 || total > base.StrangersChecks {
			t.Errorf("%d packets in all", total)
		}
		t.Logf("%d packets: %v", total, perHost)
	})
}

// TestManyStrangersCannotAimTheDevice, whatever they offer together, and they do not
// hold up a friend.
func TestManyStrangersCannotAimTheDevice(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		counted := new(countedNet)
		p := w.pair(w.home(portRestricted), w.home(fullCone), func(_, device *Config) {
			counted.Net, device.network = device.network.Pion(), twin.Network{Net: counted}
			device.Strangers = StrangersAsk
		})
		p.device.SetAuthorizer(func(Peer) Code { return OK })
		app, device := p.connect(0)
		app.Close()
		device.Close()
		time.Sleep(time.Second)
		counted.take()
		victim, named := netip.MustParseAddr("203.0.113.200"), netip.MustParsePrefix("198.51.100.0/24")
		const many = 50
		for i := range many {
			c := w.cannoneer()
			var others []string
			for host := range signal.MaxCandidates - 1 {
				others = append(others, fmt.Sprintf("198.51.100.%d:%d", (i*7+host)%250+1, 9+i))
			}
			c.say(p.device.ID(), "offer", append([]string{victim.String() + ":9"}, others...)...)
		}
		time.Sleep(time.Second)
		target, err := p.app.Resolve(p.device.ID())
		w.must(err)
		app, err = connectIn(p.app, target, ModeInternet, 0)
		w.must(err)
		if took := app.about.connectTime; took > directBound+4*base.CheckPace { // both sides, twice
			t.Errorf("meanwhile a friend connected in %v", took)
		}
		app.Close()
		time.Sleep(base.NegotiationTime)
		toVictim, toStrangers := 0, 0
		var first, last time.Time
		for _, s := range counted.take() {
			host := s.to.Addr()
			if host != victim && !named.Contains(host) {
				continue // to the friend, or the server
			}
			if toStrangers++; first.IsZero() {
				first = s.at
			}
			last = s.at
			if host == victim {
				toVictim++
			}
		}
		if toVictim == 0 || toVictim > base.MaxUnanswered {
			t.Errorf("%d packets to one host that %d strangers named", toVictim, many)
		}
		if most := int(last.Sub(first)/base.StrangersPace) + 1; toStrangers > most {
			t.Errorf("%d packets to strangers in %v, want %d at most", toStrangers, last.Sub(first), most)
		}
		t.Logf("%d packets to the one, %d in all, the friend connected in %v", toVictim, toStrangers, app.about.connectTime)
	})
}

// TestStrangersAreOff unless the device asks about them: with an authorizer too, an
// app without ticket and pairing is refused at once, no path is looked for, and
// nobody is asked.
func TestStrangersAreOff(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		counted := new(countedNet)
		alone := w.home(public).config("an app without a server")
		alone.UID, alone.Server = "other", ""
		p := w.pair(w.home(fullCone), w.home(public), func(_, device *Config) {
			counted.Net, device.network = device.network.Pion(), twin.Network{Net: counted}
		})
		p.device.SetAuthorizer(func(peer Peer) Code {
			if !peer.HasTicket && !peer.Paired {
				t.Errorf("asked about %+v", peer)
			}
			return OK
		})
		counted.take()
		start := time.Now()
		if _, err := p.connectAs(p.app, p.device.ID(), 5*time.Second); CodeOf(err) != ErrAuth {
			t.Errorf("connect: %v", err)
		}
		if took := time.Since(start); took > 4*access+base.CheckPace { // the offer, the refusal
			t.Errorf("that took %v", took)
		}
		w.cannoneer().fire(p.device.ID())
		time.Sleep(base.NegotiationTime)
		if sent := counted.take(); len(sent) > 0 || len(p.device.attemptsNow()) > 0 {
			t.Errorf("%d packets, as to %v", len(sent), sent[0].to)
		}
		// Nor is anybody asked about who reaches the device without the server.
		other, err := NewApp(alone)
		w.must(err)
		t.Cleanup(func() { other.Close() })
		target, err := other.Resolve(p.device.ID())
		w.must(err)
		w.must(other.AddAddress(target, p.device.Address()))
		if _, err := connectIn(other, target, ModeInternet, 5*time.Second); CodeOf(err) != ErrAuth {
			t.Errorf("straight: %v", err)
		}
		app, device := p.connect(0) // with the ticket, it is
		w.must(exchange(app, device))
	})
}
