package rendezvous

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// listed is an Admission by ids; the value is the account. It may be changed.
type listed map[string]string

func (l listed) Admit(_ context.Context, who Applicant) (account string, err error) {
	for _, id := range append([]string{who.ID}, who.Devices...) {
		if account := l[id]; account != "" {
			return account, nil
		}
	}
	return "", nil
}

// changing is one that a test changes while it is asked.
type changing struct {
	mu  sync.Mutex
	now Admission
}

func (c *changing) set(to Admission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

func (c *changing) Admit(ctx context.Context, who Applicant) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Admit(ctx, who)
}

type failing struct{}

func (failing) Admit(context.Context, Applicant) (string, error) { return "", errors.New("no answer") }

// speaksFor is what a device states about an app.
func (p person) speaksFor(app person) string {
	return ident.NewStatement(p.id, app.id, time.Now(), p.sign)
}

// showing makes a client show statements when it logs in.
func showing(who person, statements ...string) func(*paho.ClientOptions) {
	return func(o *paho.ClientOptions) {
		o.SetPassword(ident.NewPassword(who.role, who.id, pipeServer, time.Now(), who.sign, statements...))
	}
}

// withAdmission runs test with a server that offers a relay.
func withAdmission(t *testing.T, admit Admission, refuse bool, test func(t *testing.T, s *Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{
			PublicIP: documentation, Names: []string{"pipe.test"}, Secret: testSecret, TURNURLs: []string{"turn:192.0.2.1:3478"},
			Admit: admit, RefuseOthers: refuse,
		})
		defer s.Close()
		test(t, s)
	})
}

// reads returns the name in the credentials that a client reads next; "" if it gets
// none, and is told why.
func (c *testClient) reads(t *testing.T) string {
	t.Helper()
	var doc ICEDocument
	m := <-c.got
	if err := json.Unmarshal([]byte(m.payload), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Unknown != (len(doc.TURN) == 0) || len(doc.STUN) == 0 {
		t.Errorf("the document is %s", m.payload)
	}
	if len(doc.TURN) == 0 {
		return ""
	}
	return nameOf(doc.TURN[0].Username)
}

// TestRelaysAreForTheAdmitted: who gets credentials, and on whose account.
func TestRelaysAreForTheAdmitted(t *testing.T) {
	stranger, otherDevice := newPerson(ident.App, "stranger"), newPerson(ident.Device, "other")
	known := listed{theDevice.id: theDevice.id, "": "nobody"}
	for name, test := range map[string]struct {
		who   person
		shows func() []string
		want  string // account
	}{
		"a device that is known":                    {theDevice, nil, theDevice.id},
		"a fresh device":                            {otherDevice, nil, ""},
		"a fresh app":                               {theApp, nil, ""},
		"an app of the device":                      {theApp, func() []string { return []string{theDevice.speaksFor(theApp)} }, theDevice.id},
		"an app of a fresh device":                  {theApp, func() []string { return []string{otherDevice.speaksFor(theApp)} }, ""},
		"an app of both":                            {theApp, func() []string { return []string{otherDevice.speaksFor(theApp), theDevice.speaksFor(theApp)} }, theDevice.id},
		"an app that has another's statement":       {stranger, func() []string { return []string{theDevice.speaksFor(theApp)} }, ""},
		"an app that speaks for itself":             {theApp, func() []string { return []string{theApp.speaksFor(theApp)} }, ""},
		"an app that forges the device's signature": {theApp, func() []string { return []string{person{theDevice.member, stranger.key}.speaksFor(theApp)} }, ""},
		"a device for which another speaks":         {otherDevice, func() []string { return []string{theDevice.speaksFor(otherDevice)} }, ""},
		"an app with statements that are no use": {theApp, func() []string {
			return []string{"2.of.a.new.kind", ident.NewStatement(theDevice.id, theApp.id, time.Now().Add(-ident.StatementLifetime), theDevice.sign), "x", theDevice.speaksFor(theApp)}
		}, theDevice.id},
		"an app whose statement has ended": {theApp, func() []string {
			return []string{ident.NewStatement(theDevice.id, theApp.id, time.Now().Add(-ident.StatementLifetime), theDevice.sign)}
		}, ""},
		"an app whose statement is for too long": {theApp, func() []string {
			return []string{ident.NewStatement(theDevice.id, theApp.id, time.Now().Add(time.Hour), theDevice.sign)}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			withAdmission(t, known, false, func(t *testing.T, s *Server) {
				var shows []string
				if test.shows != nil {
					shows = test.shows()
				}
				c := dial(t, s.broker, test.who, showing(test.who, shows...))
				defer c.Disconnect(0)
				c.subscribe(ICETopic)
				want := ""
				if test.want != "" {
					want = Pseudonym(testSecret, test.want)
				}
				if got := c.reads(t); got != want {
					t.Errorf("it reads the name %q, want %q", got, want)
				}
				// Whether it gets relays or not, it may signal.
				inbox := inboxTopic(test.who.role, test.who.id)
				c.subscribe(inbox)
				s.broker.Publish(inbox, []byte("offer"), false)
				c.want(inbox, "offer", false)
			})
		})
	}
}

func TestOthersAreRefused(t *testing.T) {
	withAdmission(t, listed{theDevice.id: theDevice.id}, true, func(t *testing.T, s *Server) {
		fresh := newPerson(ident.Device, "fresh")
		if code := loginCode(t, s.broker, connectPacket(fresh, 0)); code != refusedLogin {
			t.Errorf("a fresh device: code %d", code)
		}
		if code := loginCode(t, s.broker, connectPacket(theApp, 0)); code != refusedLogin {
			t.Errorf("a fresh app: code %d", code)
		}
		if code := loginCode(t, s.broker, connectPacket(theDevice, 0)); code != 0 {
			t.Errorf("a device that is known: code %d", code)
		}
		c := dial(t, s.broker, theApp, showing(theApp, theDevice.speaksFor(theApp)))
		defer c.Disconnect(0)
	})
}

// While nobody can say who is admitted, nobody is.
func TestAdmissionFailsClosed(t *testing.T) {
	withAdmission(t, failing{}, true, func(t *testing.T, s *Server) {
		if code := loginCode(t, s.broker, connectPacket(theDevice, 0)); code != comeAgain {
			t.Errorf("code %d", code)
		}
	})
	withAdmission(t, failing{}, false, func(t *testing.T, s *Server) {
		c := dial(t, s.broker, theDevice)
		defer c.Disconnect(0)
		c.subscribe(ICETopic)
		if name := c.reads(t); name != "" {
			t.Errorf("it reads the name %q", name)
		}
	})
}

// What changes holds within a minute for those who are there, and reaches them.
func TestAdmissionIsReviewed(t *testing.T) {
	now := &changing{now: listed{}}
	withAdmission(t, now, false, func(t *testing.T, s *Server) {
		rarely := func(o *paho.ClientOptions) { o.SetKeepAlive(maxKeepalive * time.Second) } // in a month
		c := dial(t, s.broker, theApp, showing(theApp, theDevice.speaksFor(theApp)), rarely)
		defer c.Disconnect(0)
		c.subscribe(ICETopic)
		name := Pseudonym(testSecret, theDevice.id)
		step := func(what string, to Admission, wait time.Duration, want string) {
			t.Helper()
			now.set(to)
			begin := time.Now()
			for got := c.reads(t); got != want; got = c.reads(t) { // renewed without a change
				if time.Since(begin) > wait {
					t.Fatalf("%s: it reads %q after %v", what, got, time.Since(begin))
				}
			}
			if took := time.Since(begin); took > wait {
				t.Errorf("%s: it took %v", what, took)
			}
			time.Sleep(time.Second) // out of step with the review
		}
		step("nobody is known", listed{}, 0, "")
		step("its device is known", listed{theDevice.id: theDevice.id}, reviewInterval, name)
		step("its device is known no more", listed{}, reviewInterval, "")
		step("its device is known again", listed{theDevice.id: theDevice.id}, reviewInterval, name)
		// Nobody can say: it goes on for a while.
		now.set(failing{})
		begin := time.Now()
		if got := c.reads(t); got != name || time.Since(begin) < 10*reviewInterval {
			t.Fatalf("no answer for %v, and it reads %q", time.Since(begin), got)
		}
		step("nobody can say for long", failing{}, standingLife+reviewInterval, "")
		step("somebody can say", listed{theDevice.id: theDevice.id}, reviewInterval, name)
		// The statement ends, a month after it was made.
		step("the statement ends", listed{theDevice.id: theDevice.id}, ident.StatementLifetime, "")
	})
}

// Who is refused now goes, and what it promised to be said is said.
func TestAReviewRefuses(t *testing.T) {
	now := &changing{now: listed{theDevice.id: theDevice.id, theApp.id: theApp.id}}
	withAdmission(t, now, true, func(t *testing.T, s *Server) {
		app, device := dial(t, s.broker, theApp), dial(t, s.broker, theDevice, withWill)
		defer app.Disconnect(0)
		defer device.Disconnect(0)
		app.subscribe(deviceStatus)
		now.set(listed{theApp.id: theApp.id})
		time.Sleep(reviewInterval)
		app.want(deviceStatus, "off", false)
		synctest.Wait()
		if device.IsConnectionOpen() || !app.IsConnectionOpen() || s.broker.Clients() != 1 {
			t.Error("the wrong one was refused")
		}
	})
}

// A review has an end, and the next one goes on where it ended.
func TestAReviewOfMany(t *testing.T) {
	admit := &slow{takes: time.Second, asked: map[string]bool{}}
	withAdmission(t, nil, false, func(t *testing.T, s *Server) {
		const clients = 1000
		for i := range clients {
			c := dialRaw(t, s.broker)
			defer c.conn.Close()
			c.connect(newPerson(ident.App, "app "+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))), 0, "")
		}
		s.broker.cfg.Admit = admit
		for rounds := 0; len(admit.asked) < clients; rounds++ {
			begin := time.Now()
			s.broker.Review(t.Context())
			if took := time.Since(begin); took > reviewTime {
				t.Fatalf("a review took %v", took)
			}
			if rounds > clients/(reviewers*int((reviewTime-answerTime)/admit.takes)) {
				t.Fatalf("after %d reviews, %d of %d were asked about", rounds, len(admit.asked), clients)
			}
		}
	})
}

// slow takes time, and knows who was asked about.
type slow struct {
	takes time.Duration
	mu    sync.Mutex
	asked map[string]bool
}

func (s *slow) Admit(ctx context.Context, who Applicant) (string, error) {
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[who.ID] = true
	return who.ID, nil
}

// TestAnAccountSharesItsLimits: a device that is known cannot multiply its relays by
// the apps that it speaks for.
func TestAnAccountSharesItsLimits(t *testing.T) {
	withAdmission(t, listed{theDevice.id: theDevice.id}, false, func(t *testing.T, s *Server) {
		names := map[string]bool{}
		for _, app := range []person{newPerson(ident.App, "1"), newPerson(ident.App, "2"), newPerson(ident.App, "3")} {
			c := dial(t, s.broker, app, showing(app, theDevice.speaksFor(app)))
			defer c.Disconnect(0)
			c.subscribe(ICETopic)
			names[c.reads(t)] = true
		}
		if len(names) != 1 || names[""] {
			t.Errorf("the names are %q", slices.Collect(maps.Keys(names)))
		}
	})
}

// TestRelaysDoNotLearnIDs: neither the credentials nor anything that the relay logs,
// at any level, names a client.
func TestRelaysDoNotLearnIDs(t *testing.T) {
	var log strings.Builder
	s := start(t, Config{
		MQTT: "127.0.0.1:0", TURN: "127.0.0.1:0", Secret: testSecret, MaxRelaysPerClient: 1,
	})
	doc := document(t, s.URL(), nil)
	relays := startTURN(t, TURNConfig{
		MaxRelaysPerClient: 1, Log: slog.New(slog.NewTextHandler(lockedWriter{new(sync.Mutex), &log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	username, password := doc.TURN[0].Username, doc.TURN[0].Credential
	for i := range 2 {
		relay, err := relays.dialTURN(t, "udp", username, password).Allocate()
		if (err == nil) != (i == 0) {
			t.Fatalf("relay %d: %v", i, err)
		}
		if err == nil {
			defer relay.Close()
		}
	}
	if _, err := relays.dialTURN(t, "tcp", username, "wrong").Allocate(); err == nil {
		t.Error("a wrong password is accepted")
	}
	relays.Close()
	if !strings.Contains(log.String(), "has too many") {
		t.Errorf("the log has not what was looked for: %s", log.String())
	}
	for where, text := range map[string]string{"username": username, "log": log.String()} {
		for _, id := range []string{theApp.id, strings.ToUpper(theApp.id), theApp.id[:16]} {
			if strings.Contains(text, id) {
				t.Errorf("the %s has an id: %s", where, text)
			}
		}
	}
}

type lockedWriter struct {
	*sync.Mutex
	to *strings.Builder
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	return w.to.Write(p)
}
