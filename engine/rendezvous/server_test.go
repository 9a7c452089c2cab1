package rendezvous

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// document fetches the app's ICEDocument from a broker.
func document(t *testing.T, server string, config *tls.Config) ICEDocument {
	t.Helper()
	got := make(chan []byte, 1)
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	address.RawQuery = ""
	c := paho.NewClient(paho.NewClientOptions().AddBroker(address.String()).SetTLSConfig(config).
		SetUsername(theApp.id).SetPassword(theApp.password(address.Host)))
	if token := c.Connect(); !token.WaitTimeout(await.Limit) || token.Error() != nil {
		t.Fatalf("%s: %v", server, token.Error())
	}
	defer c.Disconnect(0)
	c.Subscribe(ICETopic, 0, func(_ paho.Client, m paho.Message) {
		select {
		case got <- m.Payload():
		default:
		}
	})
	var doc ICEDocument
	select {
	case text := <-got:
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
	case <-time.After(await.Limit):
		t.Fatalf("%s: no document", server)
	}
	return doc
}

func TestServer(t *testing.T) {
	before, begin := runtime.NumGoroutine(), time.Now()
	t.Run("serve", func(t *testing.T) {
		config, roots := testCertificate(t)
		const any = "127.0.0.1:0"
		other := "turn:t.example.org:3478?transport=udp"
		s := start(t, Config{MQTT: any, MQTTS: any, WS: any, WSS: any, TURN: any, TURNS: any, TLS: config, Secret: testSecret, TURNURLs: []string{other}})
		if !strings.HasPrefix(s.URL(), "mqtts://127.0.0.1:") {
			t.Errorf("URL %s", s.URL())
		}
		doc := document(t, s.URL(), &tls.Config{RootCAs: roots})
		made := time.Unix(doc.Expires, 0).Add(-DefaultTTL)
		if doc.V != 1 || made.Before(begin.Add(-time.Second)) || made.After(time.Now().Add(time.Second)) {
			t.Errorf("version %d, made at %v", doc.V, made)
		}
		if len(doc.STUN) != 2 || doc.STUN[0] != s.TURNAddr() || doc.STUN[1] != "t.example.org:3478" {
			t.Errorf("STUN %v", doc.STUN)
		}
		var urls []string
		for _, server := range doc.TURN {
			urls = append(urls, server.URL)
			if nameOf(server.Username) != Pseudonym(testSecret, theApp.id) || server.Credential != passwordOf(testSecret, server.Username) {
				t.Errorf("credential %v", server)
			}
		}
		if len(urls) != 4 || urls[0] != "turn:"+s.TURNAddr()+"?transport=udp" || urls[1] != "turn:"+s.TURNAddr()+"?transport=tcp" ||
			!strings.HasPrefix(urls[2], "turns:127.0.0.1:") || urls[3] != other {
			t.Errorf("TURN %v", urls)
		}
		client := &testTURN{TURN: s.turn, plain: s.TURNAddr()}
		relay, err := client.dialTURN(t, "udp", doc.TURN[0].Username, doc.TURN[0].Credential).Allocate()
		if err != nil {
			t.Fatal(err)
		}
		relay.Close()
		for _, extra := range s.extra {
			document(t, extra, &tls.Config{RootCAs: roots})
		}
		if len(s.extra) != 3 {
			t.Errorf("other URLs %v", s.extra)
		}
	})
	noMoreGoroutines(t, before)
}

func TestCredentialsAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, Config{TTL: time.Hour, PublicIP: documentation, Names: []string{"pipe.test"}})
		begin := time.Now()
		c := dial(t, s.broker, theApp)
		defer s.Close()
		defer c.Disconnect(0)
		c.subscribe(ICETopic)
		for i := range 5 {
			m := <-c.got
			var doc ICEDocument
			json.Unmarshal([]byte(m.payload), &doc)
			if want := begin.Add(time.Hour + time.Duration(i)*30*time.Minute); doc.Expires != want.Unix() {
				t.Errorf("document %d expires %v, want %v", i, time.Unix(doc.Expires, 0), want)
			}
			if late := time.Since(begin); late != time.Duration(i)*30*time.Minute {
				t.Errorf("document %d came after %v", i, late)
			}
		}
	})
}

// outsideBroker starts a broker that lets everybody do everything.
func outsideBroker(t *testing.T, address string) (url string, stop func()) {
	t.Helper()
	quiet := Config{}.withDefaults().Log
	broker := mqtt.New(&mqtt.Options{Logger: quiet})
	broker.AddHook(new(auth.AllowHook), nil)
	accept := newAcceptors(quiet, nil)
	var conns []net.Conn // until accept is closed, its goroutine's
	var wg sync.WaitGroup
	l, err := listen(address)
	if err != nil {
		t.Fatal(err)
	}
	accept.accept(l, func(conn net.Conn) {
		conns = append(conns, conn)
		wg.Go(func() { broker.EstablishConnection("net", conn) })
	})
	return "mqtt://" + l.Addr().String(), func() {
		accept.close()
		for _, conn := range conns {
			conn.Close()
		}
		wg.Wait()
		broker.Close()
	}
}

func TestOutsideBroker(t *testing.T) {
	url, stop := outsideBroker(t, "127.0.0.1:0")
	s := start(t, Config{Broker: strings.Replace(url, "://", "://user:password@", 1), TURN: "127.0.0.1:0"})
	if s.URL() != url {
		t.Errorf("URL %s, want %s without the password", s.URL(), url)
	}
	if doc := document(t, url, nil); len(doc.TURN) != 2 {
		t.Errorf("%v", doc)
	}
	// A broker that restarts has lost the document.
	if why := s.NotReady(); why != "" {
		t.Errorf("it is not ready: %s", why)
	}
	stop()
	await.Until(t, "it says that its broker is gone", func() bool { return strings.Contains(s.NotReady(), "broker") })
	_, stop = outsideBroker(t, strings.TrimPrefix(url, "mqtt://"))
	defer stop()
	if doc := document(t, url, nil); len(doc.TURN) != 2 {
		t.Errorf("after a restart: %v", doc)
	}
	s.Close()
}

func TestStartErrorsTellWhatToDo(t *testing.T) {
	taken := start(t, Config{MQTT: "127.0.0.1:0", TURN: "127.0.0.1:0"})
	for want, cfg := range map[string]Config{
		"-cert":                    {TURNS: ":0"},
		"-public-ip":               {PublicIP: netip.MustParseAddr("2001:db8::1")},
		"-ttl":                     {TTL: time.Second},
		"leave out -mqtt":          {Broker: "mqtt://127.0.0.1:1", MQTT: ":0"},
		"or with mqtts, ws or wss": {Broker: "http://127.0.0.1"},
		"the host alone":           {Names: []string{"2001:db8::1", "example.org:1883"}},
		"write it like turn":       {TURNURLs: []string{"here"}},
		"lower port first":         {RelayPorts: PortRange{3000, 2000}},
		"check -broker":            {Broker: "mqtt://user:xyzzy@127.0.0.1:1"},
		"another address":          {MQTT: strings.TrimPrefix(taken.URL(), "mqtt://")},
		"choose another":           {TURN: taken.TURNAddr()},
		"cannot listen on x:y":     {MQTT: "x:y"},
		"leave out -broker":        {Broker: "mqtt://127.0.0.1:1", Admit: listed{}},
		"give -admit":              {RefuseOthers: true},
	} {
		before := runtime.NumGoroutine()
		s, err := Start(context.Background(), cfg)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "xyzzy") {
			t.Errorf("%v, want %q", err, want)
		}
		noMoreGoroutines(t, before)
	}
}

func TestAdvertise(t *testing.T) {
	for _, test := range []struct {
		address, public, host, want string
	}{
		{":1883", "203.0.113.77", "", "203.0.113.77:7"},
		{":1883", "203.0.113.77", "t.example.org", "t.example.org:7"},
		{"0.0.0.0:0", "203.0.113.77", "", "203.0.113.77:7"},
		{"[::]:0", "203.0.113.77", "", "203.0.113.77:7"},
		{"10.0.0.5:1883", "203.0.113.77", "", "203.0.113.77:7"}, // a cloud's NAT
		{"10.0.0.5:1883", "", "", "10.0.0.5:7"},
		{"127.0.0.1:1883", "203.0.113.77", "", "127.0.0.1:7"},
		{"localhost:1883", "", "", "127.0.0.1:7"},
	} {
		cfg := Config{MQTT: test.address}
		if test.public != "" {
			cfg.PublicIP = netip.MustParseAddr(test.public)
		}
		public, _ := cfg.publicIP()
		if got := cfg.advertise(test.address, 7, public, test.host); got != test.want {
			t.Errorf("%v: %s", test, got)
		}
	}
}
