package engine

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// keptLog is a log that keeps every line, of every level.
type keptLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *keptLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *keptLog) has(text []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Contains(l.text.Bytes(), text)
}

func (l *keptLog) logger(who string) *slog.Logger {
	const everything = slog.LevelDebug - 100
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: everything})).With("who", who)
}

// TestLogHoldsNoSecret: who reads a log, at whatever level, learns nothing with which
// to get in anywhere.
func TestLogHoldsNoSecret(t *testing.T) {
	t.Run("direct", func(t *testing.T) { logOfConnect(t, portRestricted, RelayAuto) })
	t.Run("relay", func(t *testing.T) { logOfConnect(t, symmetric, RelayOnly) })
	t.Run("LAN", logOfLAN)
}

func logOfConnect(t *testing.T, kind *nat, policy RelayPolicy) {
	inWorld(t, func(t *testing.T, w *world) {
		const password = "the-password-of-an-account"
		var log keptLog
		other := w.home(kind).config("an app with an account")
		other.UID, other.Server, other.Log = "other", "mqtt://alice:"+password+"@server.test", log.logger("other")
		p := w.pair(w.home(kind), w.home(kind), func(app, device *Config) {
			app.Log, device.Log = log.logger("app"), log.logger("device")
			app.Relay = policy
		})
		seen := newSecrets(p.app.endpoint, p.device.endpoint)
		withAccount, err := NewApp(other) // which the broker refuses
		w.must(err)
		t.Cleanup(func() { withAccount.Close() })
		app, device := p.connect(0)
		w.must(exchange(app, device))
		p.connectAs(withAccount, p.device.Ticket(), time.Second)
		servers, _ := p.device.signals.ICE()
		for _, server := range servers.TURN {
			seen.add("a TURN credential", []byte(server.Credential))
			seen.add("a TURN user name", []byte(server.Username))
		}
		if len(servers.TURN) == 0 {
			t.Error("no TURN server")
		}
		seen.add("the password of an account", []byte(password))
		checkLog(t, seen, &log, p.app, p.device, app)
	})
}

func logOfLAN(t *testing.T) {
	free, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	free.Close()
	var log keptLog
	d, err := NewDevice(Config{LANPort: port, Strangers: StrangersAsk, Log: log.logger("device")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	d.SetAuthorizer(func(Peer) Code { return OK })
	if err := d.Listen(); err != nil {
		t.Fatal(err)
	}
	a, err := NewApp(Config{UID: "user", LANPort: port, Log: log.logger("app")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	seen := newSecrets()
	for _, to := range []string{d.ID(), d.Ticket()} {
		target, err := a.Resolve(to)
		if err != nil {
			t.Fatal(err)
		}
		app, err := a.Connect(await.Context(t, nil), target, ConnectOptions{Mode: ModeLAN})
		if err != nil {
			t.Fatal(err)
		}
		if path := app.way.where().kind; path != PathLAN {
			t.Errorf("path %v", path)
		}
		device, err := d.Accept(await.Limit)
		if err != nil {
			t.Fatal(err)
		}
		if err := exchange(app, device); err != nil {
			t.Error(err)
		}
		defer app.Close()
		defer func() {
			if to == d.Ticket() {
				seen.add("a ufrag", []byte("there is no ICE"))
				seen.add("a pwd", []byte("in the local network"))
				checkLog(t, seen, &log, a, d, app)
			}
		}()
	}
}

// checkLog looks for what the endpoints know, once they have ended. Addresses are no
// secret to who may read the log.
func checkLog(t *testing.T, seen *secrets, log *keptLog, a *App, d *Device, s *Session) {
	t.Helper()
	secret, trace := d.state.Secret(), s.about.traceID
	a.Close()
	d.Close()
	ticket := d.Ticket()
	seen.add("the ticket", []byte(ticket[len(names.TicketPrefix):][60:]))
	seen.addBytes("the ticket's secret", secret[:])
	seen.addBytes("the proof of an offer", names.ProveOffer(secret, a.identity.ID, d.ID(), trace))
	for who, e := range map[string]*endpoint{"the app's": a.endpoint, "the device's": d.endpoint} {
		seen.addBytes(who+" key", e.identity.Key.Seed())
	}
	seen.mu.Lock()
	for known, what := range seen.known {
		if strings.Contains(what, "address") {
			delete(seen.known, known)
		}
	}
	seen.mu.Unlock()
	seen.check(t, log)
	for _, said := range []string{"device started", "app started", "connected", trace} {
		if !log.has([]byte(said)) {
			t.Errorf("the log does not have %q", said)
		}
	}
}
