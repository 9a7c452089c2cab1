package engine

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/base"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// liar sits between the clients and the broker, and says what it likes.
type liar struct {
	world *world

	mu      sync.Mutex
	twist   func(to *victim, m *packets.PublishPacket) []*packets.PublishPacket // nil: honest
	victims []*victim
	heard   []*packets.PublishPacket // that honest brokers would have delivered
	held    []*packets.PublishPacket
}

// victim is a client of the liar.
type victim struct {
	conn  net.Conn
	inbox string // once it has subscribed

	mu sync.Mutex
}

func (v *victim) send(p packets.ControlPacket) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p.Write(v.conn)
}

func isInbox(topic string) bool { return strings.HasSuffix(topic, "/rx") }

func (v *victim) isApp() bool { return strings.HasPrefix(v.inbox, "t2p/1/a/") }

func (l *liar) dial() (net.Conn, error) {
	far, err := l.world.dialServer()
	if err != nil {
		return nil, err
	}
	ours, near := net.Pipe()
	v := &victim{conn: near}
	l.mu.Lock()
	l.victims = append(l.victims, v)
	l.mu.Unlock()
	l.world.pipes.Go(func() {
		defer far.Close()
		for {
			p, err := packets.ReadPacket(near)
			if err != nil {
				return
			}
			if s, ok := p.(*packets.SubscribePacket); ok {
				for _, topic := range s.Topics {
					if isInbox(topic) {
						l.mu.Lock()
						v.inbox = topic
						l.mu.Unlock()
					}
				}
			}
			p.Write(far)
		}
	})
	l.world.pipes.Go(func() {
		defer near.Close()
		for {
			p, err := packets.ReadPacket(far)
			if err != nil {
				return
			}
			if m, ok := p.(*packets.PublishPacket); ok {
				for _, lie := range l.deliver(v, m) {
					v.send(lie)
				}
				continue
			}
			v.send(p)
		}
	})
	return ours, nil
}

func (l *liar) deliver(to *victim, m *packets.PublishPacket) []*packets.PublishPacket {
	l.mu.Lock()
	defer l.mu.Unlock()
	if isInbox(m.TopicName) {
		l.heard = append(l.heard, m)
	}
	if l.twist == nil {
		return []*packets.PublishPacket{m}
	}
	return l.twist(to, m)
}

func (l *liar) count() int { return len(l.since(0)) }

// since returns what honest brokers would have delivered after the first n messages.
func (l *liar) since(n int) []*packets.PublishPacket {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heard[n:])
}

func (l *liar) say(twist func(*victim, *packets.PublishPacket) []*packets.PublishPacket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.twist, l.held = twist, nil
}

type (
	lies  = []*packets.PublishPacket
	twist = func(to *victim, m *packets.PublishPacket) lies
)

// onMessages leaves what is not a message in an inbox as it is.
func onMessages(f twist) twist {
	return func(to *victim, m *packets.PublishPacket) lies {
		if !isInbox(m.TopicName) {
			return lies{m}
		}
		return f(to, m)
	}
}

// with changes a copy of the payload.
func with(m *packets.PublishPacket, change func(payload []byte) []byte) *packets.PublishPacket {
	return publishPacket(m.TopicName, change(bytes.Clone(m.Payload)), m.Retain)
}

// TestLyingBroker: who is the broker, or sits before it, can keep an app and its
// device apart, and nothing else: no session with anybody else, no session after
// the lies that would not have been without, nothing that stays, no message that is
// sealed less well.
func TestLyingBroker(t *testing.T) {
	thief := testIdentity(99)
	signed := func(payload []byte, to string) []byte {
		receiver, _ := ident.Parse(to)
		e := payload[:len(payload)-ed25519.SignatureSize]
		copy(e[1:], thief.Key.Public().(ed25519.PublicKey))
		return append(e, ed25519.Sign(thief.Key, slices.Concat([]byte("thingp2p message through a rendezvous server\n"), receiver, e))...)
	}
	owner := func(inbox string) string { return strings.Split(inbox, "/")[3] }
	n := 0
	type plan struct {
		harmless bool // the connect succeeds all the same
		twist    func(l *liar, p vpair) twist
	}
	each := func(f func(payload []byte, to string) []byte) func(*liar, vpair) twist {
		return func(*liar, vpair) twist {
			return onMessages(func(_ *victim, m *packets.PublishPacket) lies {
				return lies{with(m, func(p []byte) []byte { return f(p, owner(m.TopicName)) })}
			})
		}
	}
	add := func(f func(l *liar, p vpair, to *victim, m *packets.PublishPacket) lies) func(*liar, vpair) twist {
		return func(l *liar, p vpair) twist {
			return onMessages(func(to *victim, m *packets.PublishPacket) lies { return f(l, p, to, m) })
		}
	}
	// forged is a message of the thief to who is about to get one, with all that
	// only the two ends can know of the attempt.
	forged := func(message map[string]any) func(*liar, vpair) twist {
		return add(func(_ *liar, p vpair, _ *victim, m *packets.PublishPacket) lies {
			all := lies{m}
			for attempt := range p.app.attemptsNow() {
				message["attempt"] = attempt
				lie := publishPacket(m.TopicName, sealedMessage(t, thief.Key, owner(m.TopicName), message), false)
				all = append(lies{lie}, all...)
			}
			return all
		})
	}
	description := func(kind string) map[string]any {
		return map[string]any{
			"kind": kind, "ufrag": "thief", "pwd": "0123456789012345678901",
			"candidates": []map[string]string{{"type": "host", "address": "203.0.113.66:1"}, {"type": "relay", "address": "203.0.113.1:60000"}},
		}
	}
	ice := func(document string) func(*liar, vpair) twist {
		return add(func(_ *liar, _ vpair, _ *victim, m *packets.PublishPacket) lies {
			return lies{publishPacket("t2p/1/ice", []byte(document), true), m}
		})
	}
	for name, test := range map[string]plan{
		"says nothing":     {false, add(func(*liar, vpair, *victim, *packets.PublishPacket) lies { return nil })},
		"says it twice":    {true, add(func(_ *liar, _ vpair, _ *victim, m *packets.PublishPacket) lies { return lies{m, m} })},
		"flips a bit":      {false, each(func(p []byte, _ string) []byte { n++; p[n*31%len(p)] ^= 1 << (n % 8); return p })},
		"cuts":             {false, each(func(p []byte, _ string) []byte { n++; return p[:n*31%len(p)] })},
		"swaps the sender": {false, each(func(p []byte, _ string) []byte { copy(p[1:], thief.Key.Public().(ed25519.PublicKey)); return p })},
		"signs anew":       {false, each(signed)},
		"makes it younger": {false, each(func(p []byte, _ string) []byte { p[40]++; return p })},
		"noise before": {true, add(func(_ *liar, _ vpair, _ *victim, m *packets.PublishPacket) lies {
			return lies{with(m, func(p []byte) []byte { rand.Read(p[1:]); return p }), with(m, func([]byte) []byte { return nil }), m}
		})},
		"loses every third": {true, add(func(_ *liar, _ vpair, _ *victim, m *packets.PublishPacket) lies {
			if n++; n%3 == 1 {
				return nil
			}
			return lies{m}
		})},
		"repeats all that was": {true, add(func(l *liar, _ vpair, to *victim, m *packets.PublishPacket) lies {
			var all lies
			for _, old := range l.heard[max(0, len(l.heard)-20):] {
				if old.TopicName == m.TopicName {
					all = append(all, old)
				}
			}
			return append(all, m)
		})},
		"old messages only": {false, add(func(l *liar, _ vpair, _ *victim, m *packets.PublishPacket) lies {
			for _, old := range l.heard {
				if old.TopicName == m.TopicName {
					return lies{old}
				}
			}
			return nil
		})},
		"turns the order round": {true, add(func(l *liar, _ vpair, to *victim, m *packets.PublishPacket) lies {
			l.held = append(l.held, m)
			if len(l.held) < 3 {
				return nil
			}
			var mine lies
			for i := len(l.held) - 1; i >= 0; i-- {
				if l.held[i].TopicName == m.TopicName {
					mine = append(mine, l.held[i])
					l.held = slices.Delete(l.held, i, i+1)
				}
			}
			return mine
		})},
		"holds back for a while": {true, add(func(_ *liar, p vpair, to *victim, m *packets.PublishPacket) lies {
			p.world.pipes.Go(func() { time.Sleep(400 * time.Millisecond); to.send(m) })
			return nil
		})},
		"holds back for long": {false, add(func(_ *liar, p vpair, to *victim, m *packets.PublishPacket) lies {
			p.world.pipes.Go(func() { time.Sleep(8 * time.Second); to.send(m) })
			return nil
		})},
		"tells it to all": {true, add(func(l *liar, p vpair, to *victim, m *packets.PublishPacket) lies {
			for _, other := range l.victims {
				if other != to && other.inbox != "" {
					lie := publishPacket(other.inbox, m.Payload, false)
					p.world.pipes.Go(func() { other.send(lie) })
				}
			}
			return lies{m}
		})},
		"says that the device is off": {false, add(func(_ *liar, p vpair, to *victim, m *packets.PublishPacket) lies {
			return lies{publishPacket("t2p/1/d/"+p.device.ID()+"/st", []byte("off"), true)}
		})},
		"says to all that it is off, and on": {true, add(func(_ *liar, p vpair, to *victim, m *packets.PublishPacket) lies {
			off := publishPacket("t2p/1/d/"+p.device.ID()+"/st", []byte("off"), true)
			on := publishPacket("t2p/1/d/"+p.device.ID()+"/st", []byte("on"), true)
			if to.isApp() {
				return lies{on, m}
			}
			return lies{off, on, off, m}
		})},
		"refuses":                    {true, forged(map[string]any{"kind": "refusal", "code": -102})},
		"complains":                  {true, forged(map[string]any{"kind": "silence", "trace": "x"})},
		"answers itself":             {true, forged(description("answer"))},
		"offers":                     {true, forged(description("offer"))},
		"brings candidates":          {true, forged(description("candidates"))},
		"an ICE document of its own": {false, ice(`{"v":1,"expires":4102444800,"stun":["203.0.113.66:3478","nobody.invalid:1"],"turn":[{"url":"turn:203.0.113.66:3478?transport=udp","username":"u","credential":"c"},{"url":"nonsense"}]}`)},
		"a broken ICE document":      {true, ice(`{"v":1,"stun":[` + strings.Repeat(`"x",`, 999) + `"x"]}`)},
		"a large ICE document":       {true, ice(strings.Repeat("x", 100<<10))},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				l := &liar{world: w}
				config := w.home(fullCone).config("another device")
				config.dialServer, config.Strangers = l.dial, StrangersAsk
				p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
					app.dialServer, device.dialServer = l.dial, l.dial
				})
				other, err := NewDevice(config)
				w.must(err)
				t.Cleanup(func() { other.Close() })
				other.SetAuthorizer(func(Peer) Code { return OK }) // it takes whom it gets
				w.must(other.Listen())
				app, device := p.connect(0)
				app.Close()
				device.Close()
				paired := l.count()

				n = 0
				l.say(test.twist(l, p))
				started := time.Now()
				const timeout = 5 * time.Second
				target, err := p.app.Resolve(p.device.ID())
				w.must(err)
				app, err = connectIn(p.app, target, ModeInternet, timeout)
				if took := time.Since(started); took > timeout+100*time.Millisecond {
					t.Errorf("that took %v", took)
				}
				switch CodeOf(err) {
				case OK:
					device, err := p.device.Accept(time.Second)
					w.must(err)
					if device.Peer().AppID != p.app.identity.ID {
						t.Errorf("a session with %s", device.Peer().AppID)
					}
					w.must(exchange(app, device))
					device.Close()
					app.Close()
				case ErrNoAnswer, ErrTimeout, ErrDeviceNotOnline, ErrSignaling, ErrNoRelay:
					if test.harmless {
						t.Errorf("connect: %v", err)
					}
				default:
					t.Errorf("connect: %v", err)
				}
				t.Log(CodeOf(err).Name())

				for _, m := range l.since(paired) {
					if m.Payload[0] != hybridEnvelope {
						t.Errorf("an envelope of version %d to %s, which a quantum computer opens", m.Payload[0], m.TopicName)
					}
				}
				l.say(nil)
				w.publishServers()
				time.Sleep(base.NegotiationTime + 10*time.Second) // an offer may have come late
				if a, d := len(p.app.attemptsNow()), len(p.device.attemptsNow()); a+d > 0 {
					t.Errorf("%d and %d negotiations are left", a, d)
				}
				app, device = p.connect(0)
				w.must(exchange(app, device))
				for _, d := range []*Device{p.device, other} {
					if s, err := d.Accept(0); err == nil {
						t.Errorf("one more session, with %s", s.Peer().AppID)
					}
				}
			})
		})
	}
}
