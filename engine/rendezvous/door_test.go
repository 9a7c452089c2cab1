package rendezvous

import (
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// fromConn is a connection from an address.
type fromConn struct {
	net.Conn
	from   string
	closed bool
}

func (c *fromConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(c.from), Port: 7} }
func (c *fromConn) Close() error         { c.closed = true; return nil }

func knockFrom(d *door, from string) (*knock, *fromConn) {
	conn := &fromConn{from: from}
	return d.enter(conn).(*knock), conn
}

func TestTheOldestThatWaitsGivesWay(t *testing.T) {
	d := newDoor(nil, 10, 10)
	inside, insideConn := knockFrom(d, "192.0.2.1")
	if err := d.admit(inside); err != nil {
		t.Fatal(err)
	}
	_, quiet := knockFrom(d, "192.0.2.2")
	var conns []*fromConn
	for range maxWaitingAddress + 10 {
		_, c := knockFrom(d, "192.0.2.1")
		conns = append(conns, c)
	}
	for i, c := range conns {
		if c.closed != (i < 10) {
			t.Errorf("knock %d of one address: closed %v", i, c.closed)
		}
	}
	// Everywhere else, too, once all the room is taken.
	for i := range 2 * maxWaiting {
		if i == maxWaiting/2 && quiet.closed {
			t.Error("another address gave way while there was room")
		}
		knockFrom(d, net.IPv4(10, 0, byte(i>>8), byte(i)).String())
	}
	if d.waiting.Len() != maxWaiting || !quiet.closed || insideConn.closed {
		t.Errorf("%d wait; old one closed %v, one inside closed %v", d.waiting.Len(), quiet.closed, insideConn.closed)
	}
	if err := d.admit(inside); err != nil {
		t.Error("admitted twice:", err)
	}
}

func TestTheDoorForgets(t *testing.T) {
	d := newDoor(nil, 1, 1)
	k, conn := knockFrom(d, "192.0.2.1")
	if again := d.enter(tls.Server(k, &tls.Config{})); knockOf(again) != k || d.waiting.Len() != 1 {
		t.Error("it waits twice")
	}
	k.Close()
	k.Close()
	if err := d.admit(k); !errors.Is(err, errTooLate) || !conn.closed {
		t.Error(err)
	}
	k, _ = knockFrom(d, "192.0.2.1")
	d.admit(k)
	k.Close()
	k.Close()
	if len(d.waitingFrom)+len(d.insideFrom)+d.inside+d.waiting.Len() != 0 {
		t.Errorf("%+v", d)
	}
}

func TestRoomInside(t *testing.T) {
	d := newDoor(nil, 5, 2)
	admit := func(from string) error {
		k, _ := knockFrom(d, from)
		return d.admit(k)
	}
	for i, step := range []struct {
		from string
		want error
	}{
		{"192.0.2.1", nil}, {"192.0.2.1", nil}, {"192.0.2.1", errFull},
		{"2001:db8::1", nil}, {"2001:db8::ffff:2", nil}, {"2001:db8::3", errFull}, // one network
		{"192.0.2.2", nil}, {"192.0.2.3", errFull},
	} {
		if err := admit(step.from); err != step.want {
			t.Errorf("step %d from %s: %v, want %v", i, step.from, err, step.want)
		}
	}
	d = newDoor(nil, 100, 2)
	for range 10 { // a proxy's
		if err := admit("127.0.0.1"); err != nil {
			t.Error(err)
		}
	}
}

func TestAttempts(t *testing.T) {
	a, now := newAttempts(), time.Unix(1e9, 0)
	one, other := sourceOf(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}), sourceOf(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 2)})
	allowed := 0
	for range 3 * attemptsAtOnce {
		if a.allow(one, now) {
			allowed++
		}
	}
	if allowed != attemptsAtOnce {
		t.Errorf("%d attempts at once", allowed)
	}
	if !a.allow(other, now) && !a.allow(sourceOf(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 3)}), now) { // one of them may share a bucket
		t.Error("another address pays for it")
	}
	if now = now.Add(time.Second); !a.allow(one, now) {
		t.Error("no attempt after a second")
	}
}

// A bucket is full at first and fills at its rate, at any date; the first is the
// zero time, which is a time like any other.
func TestBucketAtAnyDate(t *testing.T) {
	for _, now := range []time.Time{
		{}, time.Unix(0, 0), time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), time.Date(2031, 7, 15, 0, 0, 0, 0, time.UTC),
		time.Date(2106, 2, 8, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	} {
		var b bucket
		const rate, size = 10, 20
		for _, c := range []struct {
			after time.Duration
			n     float64
			want  bool
		}{
			{0, size, true}, {0, 1, false}, {time.Second, rate, true}, {time.Second, 1, false},
			{0, 1, false}, // the clock was set back
			{math.MaxInt64, size, true}, {math.MaxInt64, 1, false},
		} {
			if got := b.take(c.n, rate, size, now.Add(c.after)); got != c.want {
				t.Errorf("from %v on: %+v: %v", now, c, got)
			}
		}
	}
}

// TestTenThousandKnocks: connections that begin and never finish do not keep
// others out, whichever port they come to, from whatever address.
func TestTenThousandKnocks(t *testing.T) {
	config, roots := testCertificate(t)
	const any = "127.0.0.1:0"
	s := start(t, Config{MQTT: any, MQTTS: any, WS: any, TURN: any, TLS: config})
	urls := append([]string{s.URL()}, s.extra...)
	ports := append(slices.Clone(urls), "turn://"+s.TURNAddr())
	// What makes each of them wait for more.
	openings := map[string][]byte{"mqtt": {0x10}, "mqtts": {22, 3, 1, 2}, "ws": []byte("GET / HTTP/1.1\r\n"), "turn": stunMessage(8, 4)[:8]}
	const (
		knocks = 10_000
		open   = 3000 // at once: file descriptors, here and there
	)
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	begin := time.Now()
	for i := range knocks {
		scheme, address, _ := strings.Cut(ports[i%len(ports)], "://")
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Write(openings[scheme])
		conns = append(conns, c)
		if len(conns) > open {
			conns[0].Close()
			conns = conns[1:]
		}
		if i%2500 == 2499 {
			for _, url := range urls {
				clock := await.Start()
				document(t, url, &tls.Config{RootCAs: roots})
				if took := clock.Elapsed(); took > 5*time.Second {
					t.Errorf("after %d knocks, %s takes %v", i+1, url, took)
				}
			}
			client := &testTURN{TURN: s.turn, plain: s.TURNAddr()}
			username, password := Credential(s.turn.cfg.Secret, theApp.id, time.Now().Add(time.Hour))
			relay, err := client.dialTURN(t, "tcp", username, password).Allocate()
			if err != nil {
				t.Fatal(err)
			}
			relay.Close()
		}
	}
	t.Logf("%d knocks in %v", knocks, time.Since(begin))
	if n := s.broker.Clients(); n > 2*maxWaiting {
		t.Errorf("%d connections are kept", n)
	}
	// The oldest of what is open has been closed.
	conns[0].SetReadDeadline(await.Deadline())
	if _, err := io.Copy(io.Discard, conns[0]); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the oldest is still there")
	}
}

func TestAFullServerTakesNoMore(t *testing.T) {
	withBroker(t, BrokerConfig{MaxClients: 1}, func(t *testing.T, b *Broker) {
		first := dial(t, b, theApp)
		second := dialRaw(t, b)
		second.send(connectPacket(newPerson(ident.App, "second"), 0))
		if _, err := second.conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a client too many: %v, want it closed without an answer", err)
		}
		first.Disconnect(250)
		for b.Clients() > 0 {
			time.Sleep(time.Millisecond)
		}
		third := dialRaw(t, b)
		defer third.conn.Close()
		if code := third.connect(newPerson(ident.App, "third"), 0, ""); code != 0 {
			t.Errorf("there is room again: code %d", code)
		}
	})
}
