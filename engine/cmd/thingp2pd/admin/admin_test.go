package admin

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

type fake struct{ ready bool }

func (f fake) NotReady() string {
	if f.ready {
		return ""
	}
	return "about to stop"
}

func (f fake) Stats() rendezvous.Stats {
	return rendezvous.Stats{
		Clients: 3, Devices: 2, Apps: 1, Relays: 2, RelaysRefused: map[string]uint64{"ports": 1}, RelayedToPeers: 1000, RelayedToClients: 2000,
		Logins: rendezvous.LoginStats{Accepted: 7, Refused: map[string]uint64{"time": 4, "full": 0}},
	}
}

func TestMetrics(t *testing.T) {
	problems, err := testutil.CollectAndLint(collector{fake{true}})
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	const want = `
# HELP thingp2pd_clients Clients that are logged in.
# TYPE thingp2pd_clients gauge
thingp2pd_clients{kind="app"} 1
thingp2pd_clients{kind="device"} 2
# HELP thingp2pd_logins_refused_total Logins that were refused, by the reason.
# TYPE thingp2pd_logins_refused_total counter
thingp2pd_logins_refused_total{reason="full"} 0
thingp2pd_logins_refused_total{reason="time"} 4
# HELP thingp2pd_relayed_bytes_total Payload that passed the relays, by where it went.
# TYPE thingp2pd_relayed_bytes_total counter
thingp2pd_relayed_bytes_total{to="clients"} 2000
thingp2pd_relayed_bytes_total{to="peers"} 1000
`
	if err := testutil.CollectAndCompare(collector{fake{true}}, strings.NewReader(want),
		"thingp2pd_clients", "thingp2pd_logins_refused_total", "thingp2pd_relayed_bytes_total"); err != nil {
		t.Error(err)
	}
}

func TestWhatIsAnswered(t *testing.T) {
	for _, test := range []struct {
		method, path, host string
		loopback, ready    bool
		code               int
	}{
		{"GET", "/healthz", "127.0.0.1:9471", true, false, 200},
		{"GET", "/readyz", "localhost:9471", true, true, 200},
		{"GET", "/readyz", "[::1]:9471", true, false, 503},
		{"HEAD", "/metrics", "LOCALHOST", true, true, 200},
		{"GET", "/", "localhost:9471", true, true, 200},
		{"GET", "/status.json", "localhost:9471", true, true, 200},
		{"GET", "/status.json", "attacker.example", true, true, 421},
		{"GET", "/metrics", "attacker.example", true, true, 421},
		{"GET", "/metrics", "127.0.0.1.attacker.example:9471", true, true, 421},
		{"GET", "/metrics", "", true, true, 421},
		{"GET", "/metrics", "monitor.example", false, true, 200},
		{"POST", "/metrics", "localhost", true, true, 405},
		{"DELETE", "/readyz", "localhost", true, true, 405},
		{"GET", "/nothing", "localhost", true, true, 404},
		{"GET", "/debug/pprof/", "localhost", true, true, 404},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		r.Host = test.host
		w := httptest.NewRecorder()
		handler(fake{test.ready}, test.loopback).ServeHTTP(w, r)
		if w.Code != test.code {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}

func TestListen(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	s, err := Listen("127.0.0.1:0", fake{true}, logger)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + s.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(text), "thingp2pd_connections 3\n") || !strings.Contains(string(text), "go_goroutines") {
		t.Errorf("%v\n%s", err, text)
	}
	if _, err := Listen(s.Addr().String(), fake{}, logger); err == nil || !strings.Contains(err.Error(), "give -admin another") {
		t.Error(err)
	}
	if log.Len() > 0 {
		t.Error(log.String())
	}
	s.Close()
	open, err := Listen("0.0.0.0:0", fake{}, logger)
	if err != nil {
		t.Fatal(err)
	}
	open.Close()
	if !strings.Contains(log.String(), "no login") {
		t.Errorf("the log does not say who may read it: %q", log.String())
	}
}

// The dashboard asks for what there is, and shows all of it.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Error("it is not JSON")
	}
	shown := map[string]bool{}
	for _, name := range regexp.MustCompile(`thingp2pd_[a-z_]+`).FindAllString(string(text), -1) {
		shown[name] = true
	}
	for _, m := range append([]metric{ready, build}, metrics...) {
		if !shown[m.name] {
			t.Errorf("%s is not shown", m.name)
		}
		delete(shown, m.name)
	}
	for name := range shown {
		t.Errorf("there is no %s", name)
	}
}

// What Prometheus' own tool, promtool, says of all that is read, is nothing.
func TestNamesAreAsTheyShouldBe(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/metrics", nil)
	handler(fake{true}, false).ServeHTTP(w, r)
	problems, err := promlint.New(w.Body).Lint()
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "thingp2pd_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if err != nil {
		t.Error(err)
	}
}
