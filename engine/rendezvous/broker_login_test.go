package rendezvous

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// The codes of CONNACK for "not authorized", for "bad user name or password", which is
// about clocks, and for "server unavailable", which makes a client come again with a fresh
// login.
const (
	wrongClock   = 4
	refusedLogin = 5
	comeAgain    = 3
)

func TestWhoGetsIn(t *testing.T) {
	other := newPerson(ident.Device, "other")
	device := theDevice.id
	for name, test := range map[string]struct {
		login func() (user, password string)
		want  byte
	}{
		"the holder of the key": {func() (string, string) { return device, theDevice.password(pipeServer) }, 0},
		"a stranger":            {func() (string, string) { return device, person{theDevice.member, other.key}.password(pipeServer) }, refusedLogin},
		"for another id":        {func() (string, string) { return other.id, theDevice.password(pipeServer) }, refusedLogin},
		"for another role": {func() (string, string) {
			return device, strings.Replace(theDevice.password(pipeServer), " d ", " a ", 1)
		}, refusedLogin},
		"for another server":   {func() (string, string) { return device, theDevice.password("example.org:1883") }, refusedLogin},
		"for a forwarded port": {func() (string, string) { return device, theDevice.password("pipe.test:8883") }, 0},
		"in capitals":          {func() (string, string) { return device, theDevice.password("Pipe.Test.:1883") }, 0},
		"expired": {func() (string, string) {
			return device, ident.NewPassword(ident.Device, device, pipeServer, time.Now().Add(-ident.LoginLifetime), theDevice.sign)
		}, wrongClock},
		"from the future": {func() (string, string) {
			return device, ident.NewPassword(ident.Device, device, pipeServer, time.Now().Add(time.Hour), theDevice.sign)
		}, wrongClock},
		"a clock nine minutes late": {func() (string, string) {
			return device, ident.NewPassword(ident.Device, device, pipeServer, time.Now().Add(-9*time.Minute), theDevice.sign)
		}, 0},
		"nobody":           {func() (string, string) { return "", "" }, refusedLogin},
		"without password": {func() (string, string) { return device, "" }, refusedLogin},
		"an account":       {func() (string, string) { return "alice", "secret" }, refusedLogin},
		"large":            {func() (string, string) { return device, strings.Repeat("x", 8000) }, refusedLogin},
	} {
		t.Run(name, func(t *testing.T) {
			withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
				time.Sleep(ident.LoginLifetime)
				c := dialRaw(t, b)
				defer c.conn.Close()
				p := connectPacket(theDevice, 0)
				user, password := test.login()
				p.Username, p.UsernameFlag = user, user != ""
				p.Password, p.PasswordFlag = []byte(password), password != ""
				c.send(p)
				if code := c.receive().(*packets.ConnackPacket).ReturnCode; code != test.want {
					t.Errorf("code %d, want %d", code, test.want)
				}
			})
		})
	}
}

// loginCode connects once, and returns the code of the answer.
func loginCode(t *testing.T, b *Broker, p packets.ControlPacket) byte {
	t.Helper()
	c := dialRaw(t, b)
	defer c.conn.Close()
	c.send(p)
	return c.receive().(*packets.ConnackPacket).ReturnCode
}

func TestALoginIsGoodOnce(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		overheard := connectPacket(theDevice, 0)
		if code := loginCode(t, b, overheard); code != 0 {
			t.Fatalf("code %d", code)
		}
		for range 3 {
			time.Sleep(time.Minute)
			if code := loginCode(t, b, overheard); code != refusedLogin {
				t.Errorf("overheard and used again: code %d", code)
			}
		}
		// A broker that has restarted has forgotten it.
		b.Close()
		again := NewBroker(BrokerConfig{Names: []string{"pipe.test"}})
		defer again.Close()
		for range 6 {
			if code := loginCode(t, again, overheard); code == 0 {
				t.Fatal("used again after a restart")
			}
			time.Sleep(time.Minute)
		}
		if code := loginCode(t, again, connectPacket(theDevice, 0)); code != 0 {
			t.Errorf("a fresh login after a restart: code %d", code)
		}
	})
}

// However many others there are meanwhile: here four times as many as were once
// remembered.
func TestALoginIsGoodOnceAmongManyOthers(t *testing.T) {
	now := time.Now()
	memory, next := newLogins(maxLogins, now), loginsOf(theApp.id)
	overheard := next()
	if err := memory.use(overheard, now); err != nil {
		t.Fatal(err)
	}
	for range 4 * 1 << 17 {
		if err := memory.use(next(), now); err != nil {
			t.Fatal(err)
		}
	}
	for after := time.Duration(0); after <= loginMemory; after += time.Minute {
		if err := memory.use(overheard, now.Add(after)); err != errUsedLogin {
			t.Fatalf("after %v: %v", after, err)
		}
	}
}

// loginsOf returns what makes logins, each another.
func loginsOf(id string) (next func() *ident.Login) {
	nonce := uint64(0)
	return func() *ident.Login {
		nonce++
		l := &ident.Login{ID: id}
		binary.BigEndian.PutUint64(l.Nonce[:], nonce)
		return l
	}
}

// The memory of logins is bounded, refuses what it has no room for, and forgets
// what has had its time, also at once after a long silence.
func TestTheMemoryOfLogins(t *testing.T) {
	begin := time.Now()
	for _, silence := range []time.Duration{loginMemory + loginSlice, loginMemory + 2*loginSlice, 1000 * time.Hour} {
		const room = 100
		memory, next := newLogins(room, begin), loginsOf(theApp.id)
		first := next()
		for i := range room {
			l := first
			if i > 0 {
				l = next()
			}
			if err := memory.use(l, begin.Add(time.Duration(i)*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		for after := time.Duration(0); after <= loginMemory; after += time.Minute {
			if err := memory.use(next(), begin.Add(after)); err != errManyLogins {
				t.Errorf("one too many, after %v: %v", after, err)
			}
			if err := memory.use(first, begin.Add(after)); err != errUsedLogin {
				t.Errorf("used again, after %v: %v", after, err)
			}
		}
		later := begin.Add(silence)
		if err := memory.use(next(), later); err != nil || memory.number != 1 {
			t.Errorf("%v later: %v, and %d are remembered", silence, err, memory.number)
		}
		if err := memory.use(next(), begin); err != nil { // time does not go back
			t.Error(err)
		}
		n := 0
		for _, slice := range memory.slices {
			n += len(slice)
		}
		if n != memory.number || n != 2 {
			t.Errorf("%d are remembered, %d are counted", n, memory.number)
		}
	}
}

// A client whose clock is behind gets in as soon as the server has run for as long,
// and until then is told to come again. Clocks that are right, or ahead, do not wait.
func TestClocksAfterARestart(t *testing.T) {
	for _, behind := range []time.Duration{-9 * time.Minute, -time.Second, 0, 300 * time.Millisecond, 5 * time.Second, 9 * time.Minute} {
		withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
			connect := func() byte {
				p := connectPacket(theDevice, 0)
				p.Password = []byte(ident.NewPassword(ident.Device, theDevice.id, pipeServer, time.Now().Add(-behind), theDevice.sign))
				return loginCode(t, b, p)
			}
			if behind > 0 {
				time.Sleep(behind - time.Millisecond)
				if code := connect(); code != comeAgain {
					t.Errorf("%v behind, too early: code %d", behind, code)
				}
				time.Sleep(time.Millisecond)
			}
			if code := connect(); code != 0 {
				t.Errorf("%v behind: code %d", behind, code)
			}
		})
	}
}

func TestTooManyLogins(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		b.checks.logins.most = 1
		if code := loginCode(t, b, connectPacket(theApp, 0)); code != 0 {
			t.Fatalf("code %d", code)
		}
		if code := loginCode(t, b, connectPacket(theDevice, 0)); code != comeAgain {
			t.Errorf("code %d", code)
		}
		time.Sleep(loginMemory + loginSlice)
		if code := loginCode(t, b, connectPacket(theDevice, 0)); code != 0 {
			t.Errorf("code %d, when there is room again", code)
		}
	})
}

func TestAServerGoesByTheAddressThatItIsReachedAt(t *testing.T) {
	b := NewBroker(BrokerConfig{Names: []string{"Example.ORG", "203.0.113.77", ""}})
	defer b.Close()
	local := &net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.7"), Port: 1883}
	for host, want := range map[string]bool{
		"192.0.2.7": true, "::ffff:192.0.2.7": true, "203.0.113.77": true, "example.org": true, "EXAMPLE.org.": true,
		"192.0.2.8": false, "example.com": false, "": false, "localhost": false,
	} {
		if b.checks.isCalled(host, local) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
	if !b.checks.isCalled("fe80::1%wlan0", &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}) {
		t.Error("a link-local address is not this machine")
	}
	if !b.checks.isCalled("localhost", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}) {
		t.Error("localhost is not this machine")
	}
}

// Whoever guesses another's client id of MQTT does not take its session over.
func TestAClientIDBelongsToItsHolder(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		device := dial(t, b, theDevice, withWill)
		defer device.Disconnect(0)
		for _, who := range []person{newPerson(ident.Device, "other"), {member{ident.App, theDevice.id}, theDevice.key}} {
			thief := dial(t, b, who) // with the same client id
			defer thief.Disconnect(0)
			synctest.Wait()
			if !device.IsConnectionOpen() {
				t.Fatalf("%c took the session over", who.role)
			}
		}
	})
}

func TestEachReadsItsOwnDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{PublicIP: documentation, Names: []string{"pipe.test"}, Secret: testSecret, TURNURLs: []string{"turn:192.0.2.1:3478"}})
		defer s.Close()
		device, app := dial(t, s.broker, theDevice), dial(t, s.broker, theApp)
		defer device.Disconnect(0)
		defer app.Disconnect(0)
		device.subscribe(ICETopic)
		app.subscribe(ICETopic)
		for range 3 { // renewed twice
			for _, c := range []struct {
				*testClient
				id string
			}{{device, theDevice.id}, {app, theApp.id}} {
				var doc ICEDocument
				m := <-c.got
				if err := json.Unmarshal([]byte(m.payload), &doc); err != nil || len(doc.TURN) != 1 {
					t.Fatal(m, err)
				}
				username, password := Credential(testSecret, Pseudonym(testSecret, c.id), time.Now().Add(DefaultTTL))
				if doc.TURN[0].Username != username || doc.TURN[0].Credential != password {
					t.Errorf("%s reads %+v", c.id, doc.TURN[0])
				}
				if doc.Now != time.Now().UnixMilli() || doc.Unknown {
					t.Errorf("%s reads %s", c.id, m.payload)
				}
			}
		}
	})
}

// A client that sends too fast is read no faster than the rate, loses nothing,
// and holds up nobody else.
func TestPublishingOverTheRate(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		device := dial(t, b, theDevice)
		defer device.Disconnect(0)
		device.subscribe(deviceInbox)
		flood := dialRaw(t, b)
		defer flood.conn.Close()
		flood.connect(newPerson(ident.App, "flood"), 0, "")
		publish := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		publish.TopicName, publish.Payload = deviceInbox, bytes.Repeat([]byte("x"), 8000)
		const count = 200 // three times the burst
		begin := time.Now()
		done := make(chan time.Duration)
		go func() {
			for range count {
				publish.Write(flood.conn)
			}
			done <- time.Since(begin)
		}()
		app := dial(t, b, theApp)
		defer app.Disconnect(0)
		if waited := time.Since(begin); waited > time.Second {
			t.Errorf("another client waited %v", waited)
		}
		got := 0
		for ; got < count; got++ {
			<-device.got
		}
		took := <-done
		if want := time.Duration((count*8000 - paceBurstBytes) / paceBytesPerSecond * float64(time.Second)); took < want || took > want+2*time.Second {
			t.Errorf("%d messages took %v, want %v", count, took, want)
		}
	})
}

// The rate holds for what costs little to send, too.
func TestManySmallPackets(t *testing.T) {
	withBroker(t, BrokerConfig{}, func(t *testing.T, b *Broker) {
		c := dialRaw(t, b)
		defer c.conn.Close()
		c.connect(theApp, 0, "")
		go io.Copy(io.Discard, c.conn)
		begin := time.Now()
		for range 5000 {
			packets.NewControlPacket(packets.Pingreq).Write(c.conn)
		}
		if took := time.Since(begin); took < 10*time.Second {
			t.Errorf("5000 pings in %v", took)
		}
	})
}
