package signal

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// cheap is an envelope that its sender has signed, with no message in it: what an
// attacker would send, to whom it matters only that it is remembered.
func cheap(key ed25519.PrivateKey, to string, now time.Time) []byte {
	e := make(envelope, minEnvelope-ed25519.SignatureSize)
	e[0] = classical
	copy(e[senderAt:], key.Public().(ed25519.PublicKey))
	binary.BigEndian.PutUint64(e[timeAt:], uint64(now.UnixMilli()))
	rand.Read(e[keyAt:])
	return append(e, ed25519.Sign(key, e.signed(keyOf(to).Public().(ed25519.PublicKey)))...)
}

func keys(n int) []ed25519.PrivateKey {
	var all []ed25519.PrivateKey
	for i := range n {
		all = append(all, keyOf(fmt.Sprint("stranger ", i)))
	}
	return all
}

// TestNobodyBringsAnOldMessageBack: what was read is read no second time, whatever
// has happened since.
func TestNobodyBringsAnOldMessageBack(t *testing.T) {
	const strangersInterval = time.Second / strangersPerSecond
	for name, happens := range map[string]func(t *testing.T, g *gate, now time.Time) (*gate, time.Time){
		"nothing": func(_ *testing.T, g *gate, now time.Time) (*gate, time.Time) { return g, now },
		"many messages of a few strangers": func(t *testing.T, g *gate, now time.Time) (*gate, time.Time) {
			throwaway := keys(10)
			for i := range 20 * maxOvertaken {
				now = now.Add(strangersInterval)
				if _, err := g.admit(cheap(throwaway[i%10], "dev", now), now); !errors.Is(err, errForged) {
					t.Fatalf("message %d: %v", i, err)
				}
			}
			return g, now
		},
		"a message of each of many strangers": func(t *testing.T, g *gate, now time.Time) (*gate, time.Time) {
			for i, key := range keys(maxStrangers + 100) {
				now = now.Add(strangersInterval)
				if _, err := g.admit(cheap(key, "dev", now), now); !errors.Is(err, errForged) {
					t.Fatalf("message %d: %v", i, err)
				}
			}
			return g, now
		},
		"many more of the friend": func(t *testing.T, g *gate, now time.Time) (*gate, time.Time) {
			for range 3 * maxOvertaken {
				now = now.Add(10 * time.Millisecond)
				if _, err := g.admit(cheap(keyOf("friend"), "dev", now), now); !errors.Is(err, errForged) {
					t.Fatal(err)
				}
			}
			return g, now
		},
		"a restart": func(t *testing.T, _ *gate, now time.Time) (*gate, time.Time) {
			now = now.Add(13 * time.Hour)
			g := testGate(t, "dev", "friend")
			g.started = now.Add(-time.Second)
			return g, now
		},
	} {
		t.Run(name, func(t *testing.T) {
			friend := false // it becomes one by its first message
			g := testGate(t, "dev")
			g.known = func(from string) bool { return friend && from == id("friend") }
			g.read.known = g.known
			old := sealed(t, offer("friend", "1"), "friend", "dev", noon)
			if _, err := g.admit(old, noon); err != nil {
				t.Fatal(err)
			}
			friend = true
			g, now := happens(t, g, noon.Add(time.Second))
			if m, err := g.admit(old, now); err == nil {
				t.Errorf("read again: %+v", m)
			}
			now = now.Add(time.Second)
			if _, err := g.admit(sealed(t, offer("friend", "2"), "friend", "dev", now), now); err != nil {
				t.Errorf("a new one: %v", err)
			}
		})
	}
}

// Many messages at once, and some that overtake others, are all read.
func TestBurstOfAFriend(t *testing.T) {
	g := testGate(t, "dev", "friend")
	p := newPace()
	var burst [][]byte
	for range friendBurst {
		burst = append(burst, cheap(keyOf("friend"), "dev", p.next(id("dev"), noon))) // all at the same time
	}
	for i := 0; i+maxOvertaken/2 < len(burst); i += maxOvertaken {
		burst[i], burst[i+maxOvertaken/2] = burst[i+maxOvertaken/2], burst[i]
	}
	for i, e := range burst {
		if _, err := g.admit(e, noon); !errors.Is(err, errForged) { // that is: it is not refused before it is opened
			t.Fatalf("message %d: %v", i, err)
		}
	}
}

// A friend whose clock was wrong by hours, and is set back, is told what to write.
func TestClockOfAFriendIsSetBack(t *testing.T) {
	g := testGate(t, "dev", "friend")
	now := noon
	send := func(made time.Time) error {
		now = now.Add(time.Second)
		_, err := g.admit(sealed(t, offer("friend", "1"), "friend", "dev", made), now)
		return err
	}
	for range 2 * maxOvertaken {
		if err := send(now.Add(10 * time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	late, ok := errors.AsType[*lateError](send(now))
	if !ok || late.from != id("friend") {
		t.Fatalf("%+v", late)
	}
	if err := send(time.UnixMilli(late.after + 1)); err != nil {
		t.Errorf("later than it wants: %v", err)
	}
	if _, ok := errors.AsType[*lateError](send(time.UnixMilli(late.after))); !ok {
		t.Error("not later than it wants, and read")
	}
	// Nor is a friend lost for good whose time is out of reach, since both clocks
	// were wrong.
	now = now.Add(-20 * time.Hour)
	late, ok = errors.AsType[*lateError](send(now.Add(-time.Minute)))
	if !ok {
		t.Fatalf("%+v", late)
	}
	if err := send(time.UnixMilli(late.after + 1)); err != nil {
		t.Errorf("after both clocks were set: %v", err)
	}
}

// However many friends there are, and were, each is remembered as long as it is one,
// and not much longer.
func TestMemoryOfManyFriends(t *testing.T) {
	friends := make(map[string]bool)
	m := newMemory(func(id string) bool { return friends[id] })
	const many = 5 * maxStrangers
	for i := range many {
		name := fmt.Sprint(i)
		friends[name] = true
		m.begin(name, int64(i))
	}
	for i := range many {
		if read := m.of(fmt.Sprint(i)); read == nil || read.After != int64(i) {
			t.Fatalf("friend %d is forgotten", i)
		}
	}
	clear(friends)
	for i := range 20 * many {
		name := fmt.Sprint("for a day: ", i)
		friends[name] = true
		m.begin(name, 0)
		delete(friends, name)
		if len(m.friends) > 2*many {
			t.Fatalf("%d are remembered, and nobody is a friend", len(m.friends))
		}
	}
}

// An app that comes back with a clock that was set back is heard at the second
// attempt.
func TestSenderIsToldThatItIsLate(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device := s.client(Device, "dev")
		wrong := s.client(App, "app")
		wrong.pace.pass(id("dev"), time.Now().Add(10*time.Hour))
		for i := range 2 * maxOvertaken {
			if err := wrong.Send(Device, id("dev"), offer("app", fmt.Sprint("before", i))); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if len(device.got) == 0 {
				t.Fatalf("message %d has not arrived", i)
			}
			<-device.got
		}
		wrong.Close()
		app := s.client(App, "app")
		for i, arrives := range []bool{false, true, true} {
			if err := app.Send(Device, id("dev"), offer("app", fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := len(device.got) == 1; got != arrives {
				t.Fatalf("message %d has arrived: %v", i, got)
			}
			if arrives && (<-device.got).Attempt != fmt.Sprint(i) {
				t.Error("what has arrived is another one")
			}
		}
		if len(app.got) > 0 {
			t.Errorf("the app's user gets %+v", <-app.got)
		}
	})
}

// clockEnd is one end of two that write as Client does, by a clock of its own.
type clockEnd struct {
	*Client
	wrong time.Duration
}

func newClockEnd(t *testing.T, role Role, name string, wrong time.Duration) *clockEnd {
	e := &clockEnd{wrong: wrong}
	key := keyOf(name)
	gate, err := newGate(key, everybody, role == Device, e.now())
	if err != nil {
		t.Fatal(err)
	}
	e.Client = &Client{cfg: Config{Key: key, Role: role, Known: everybody}, id: id(name), gate: gate, pace: newPace()}
	return e
}

func (e *clockEnd) now() time.Time { return time.Now().Add(e.wrong).Round(0) }

func (e *clockEnd) write(t *testing.T, to *clockEnd, m *Message) []byte {
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal(text, e.cfg.Key, receiver{to.id, nil}, e.pace.next(to.id, e.now()))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// Whatever their clocks show, now and before, two ends do not tell each other for ever that they are late.
func TestLateIsNotAnsweredForEver(t *testing.T) {
	for _, before := range []time.Duration{-3 * time.Hour, time.Hour, 3 * time.Hour} {
		for _, now := range []time.Duration{-time.Hour, 0, time.Hour, 5 * time.Hour} {
			t.Run(fmt.Sprint(before, now), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					app, device := newClockEnd(t, App, "app", 0), newClockEnd(t, Device, "dev", before)
					answer := &Message{Kind: Refusal, Attempt: "attempt", Code: -1}
					if _, err := app.gate.admit(device.write(t, app, answer), app.now()); err != nil {
						t.Fatal(err)
					}
					device = newClockEnd(t, Device, "dev", now)
					time.Sleep(10 * time.Second)
					from, to, sent := app, device, app.write(t, device, answer)
					for n := 0; ; n++ {
						time.Sleep(20 * time.Millisecond)
						_, err := to.gate.admit(sent, to.now())
						late, isLate := errors.AsType[*lateError](err)
						if !isLate {
							break
						}
						if n == 4 {
							t.Fatal("they go on")
						}
						to.notBefore(late)
						from, to, sent = to, from, to.write(t, from, &Message{Kind: Late, Time: late.after})
					}
				})
			})
		}
	}
}

// Strangers have no say in what time it is.
func TestStrangerSaysThatWeAreLate(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		device := s.client(Device, "dev")
		device.cfg.Known = func(string) bool { return false }
		device.gate.known = device.cfg.Known
		stranger := s.client(App, "stranger")
		if err := stranger.Send(Device, id("dev"), &Message{Kind: Late, Time: time.Now().Add(time.Hour).UnixMilli()}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if now := device.timeFor(id("stranger")); now.After(time.Now()) {
			t.Errorf("it is %v", now)
		}
		if len(device.got) > 0 {
			t.Error("the device's user hears of it")
		}
	})
}
