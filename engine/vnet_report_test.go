package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/internal/journal"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// reported is what the tests read of a report.
type reported struct {
	State   string
	Cause   string
	Summary string
	Result  struct {
		Code int
		Name string
		Path string
	}
	WhyRelay string `json:"why_relay"`
	NAT      struct{ Own, Peer string }
	Paths    []struct{ Way, Own, Peer, Outcome string }

	DeviceSays *struct{ Cause, NAT string } `json:"device_says"`
}

func readReport(t *testing.T, text []byte, err error) (r reported) {
	t.Helper()
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil || len(text) > maxReportSize {
		t.Fatalf("%v in %s", err, text)
	}
	return r
}

// failure connects, which must fail, and returns both sides' reports; the device's is empty if
// it has heard nothing.
func (p vpair) failure(t *testing.T, target string, timeout time.Duration) (app, device reported) {
	t.Helper()
	to, err := p.app.Resolve(target)
	p.world.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	trace := NewTraceID()
	if s, err := p.app.Connect(ctx, to, ConnectOptions{TraceID: trace}); err == nil {
		s.Close()
		t.Fatal("it has connected")
	}
	text, err := p.app.Report(trace)
	app = readReport(t, text, err)
	time.Sleep(30 * time.Second) // until the device has given up, too
	if text, err := p.device.Report(trace); err == nil {
		device = readReport(t, text, err)
	}
	return app, device
}

func isHandshake(c vnet.Chunk) bool {
	return len(c.UserData()) > 0 && c.UserData()[0]>>7 == 1 // RFC 9000, section 17.2
}

func noRelays(app, device *Config) { app.Relay, device.Relay = RelayNever, RelayNever }

// TestReportHasWhatTheDeviceSays: the app's names what is wrong on the other side; a device tells no stranger.
func TestReportHasWhatTheDeviceSays(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), noRelays)
		w.drop(p.deviceHome.has)
		app, device := p.failure(t, p.device.Ticket(), 5*time.Second)
		if says := app.DeviceSays; says == nil || says.Cause != "udp_blocked" || says.NAT != "unknown" {
			t.Errorf("the device says %+v", says)
		}
		if !strings.HasSuffix(app.Summary, " The device says that UDP is blocked on its side.") {
			t.Errorf("the summary is %q", app.Summary)
		}
		if device.Cause != "udp_blocked" || device.DeviceSays != nil {
			t.Errorf("the device's own report: %q, %+v", device.Cause, device.DeviceSays)
		}
	})
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, device *Config) {
			noRelays(app, device)
			device.Strangers = StrangersAsk
		})
		p.device.SetAuthorizer(func(Peer) Code { return OK })
		w.drop(p.deviceHome.has)
		if app, _ := p.failure(t, p.device.ID(), 5*time.Second); app.DeviceSays != nil {
			t.Errorf("a stranger is told %+v", app.DeviceSays)
		}
	})
}

func TestReportsNameTheCause(t *testing.T) {
	for name, test := range map[string]struct {
		here, there *nat
		change      func(app, device *Config)
		before      func(t *testing.T, w *world, p vpair)
		target      func(p vpair) string // nil: its ticket
		timeout     time.Duration
		app, device string // causes
		says        string
	}{
		"UDP blocked": {here: fullCone, there: fullCone, before: func(_ *testing.T, w *world, _ vpair) { w.drop(everything) },
			app: "udp_blocked", device: "udp_blocked", says: "the server's STUN did not answer, and no relay over TCP was to be had"},
		"UDP blocked at the app": {here: fullCone, there: fullCone, before: func(_ *testing.T, w *world, p vpair) { w.drop(p.appHome.has) },
			change: noRelays, app: "udp_blocked", device: "no_path", says: "relays are turned off here"},
		"QUIC dropped": {here: fullCone, there: fullCone, before: func(_ *testing.T, w *world, _ vpair) { w.drop(isHandshake) },
			change: noRelays, app: "quic_dropped", device: "quic_dropped", says: "ICE's checks pass to 203.0.113."},
		"no relay": {here: symmetric, there: symmetric, change: noRelays, app: "no_relay", device: "no_path", says: "relays are turned off here"},
		"relay refused": {here: symmetric, there: symmetric, before: func(_ *testing.T, w *world, _ vpair) { w.publishRelay("wrong") },
			app: "relay_refused", device: "no_path", says: "error 40"},
		"old ticket": {here: fullCone, there: fullCone, target: func(p vpair) string {
			old := p.device.Ticket()
			p.world.must(p.device.ResetTicket())
			return old
		}, app: "old_ticket", device: "old_ticket", says: "it is an old one"},
		"no ticket": {here: fullCone, there: fullCone, target: func(p vpair) string { return p.device.ID() },
			app: "not_paired", device: "old_ticket", says: "has no ticket"},
		"privacy": {here: fullCone, there: fullCone, before: func(_ *testing.T, _ *world, p vpair) {
			p.device.SetAuthorizer(func(Peer) Code { return ErrDevicePrivacy })
		}, app: "privacy", device: "privacy", says: "privacy mode"},
		"undecided": {here: fullCone, there: fullCone, before: func(_ *testing.T, _ *world, p vpair) {
			p.device.SetAuthorizer(func(Peer) Code { time.Sleep(time.Minute); return OK })
		}, timeout: 5 * time.Second, app: "undecided", device: "broken", says: "had not decided after 5000 ms"},
		"device off": {here: fullCone, there: fullCone, before: func(_ *testing.T, _ *world, p vpair) { p.device.Close() },
			app: "device_off", says: "is off or offline"},
		"device unseen": {here: fullCone, there: fullCone, target: func(vpair) string { return testIdentity(7).ID },
			app: "device_unseen", says: "never seen"},
		"no answer": {here: fullCone, there: fullCone, before: func(_ *testing.T, w *world, _ vpair) {
			w.must(w.broker.Publish("t2p/1/d/"+testIdentity(7).ID+"/st", []byte("on"), true))
		}, target: func(vpair) string { return testIdentity(7).ID }, app: "no_answer", says: "no answer came"},
		"server dead": {here: fullCone, there: fullCone, change: func(app, _ *Config) { app.dialServer = unreachable },
			target: func(p vpair) string { return p.device.ID() }, app: "server_dead", says: "cannot be reached (connection refused)"},
		"server unknown": {here: fullCone, there: fullCone, change: func(app, _ *Config) {
			app.dialServer = func() (net.Conn, error) {
				return nil, &net.DNSError{Err: "no such host", Name: "server.test", IsNotFound: true}
			}
		}, target: func(p vpair) string { return p.device.ID() }, app: "server_name", says: "was not found in DNS"},
		"clock": {here: fullCone, there: fullCone, change: func(app, _ *Config) { app.dialServer = refusing(4) },
			target: func(p vpair) string { return p.device.ID() }, app: "clock", says: "set this machine's clock"},
		"login refused": {here: fullCone, there: fullCone, change: func(app, _ *Config) { app.dialServer = refusing(5) },
			target: func(p vpair) string { return p.device.ID() }, app: "login", says: "The server refused the login"},
		"pin": {here: fullCone, there: fullCone, change: func(app, _ *Config) {
			app.dialServer = func() (net.Conn, error) { return nil, fmt.Errorf("TLS: %w", ident.ErrPin) }
		}, target: func(p vpair) string { return p.device.ID() }, app: "server_pin", says: "another key than the pin"},
		"no time": {here: fullCone, there: fullCone, timeout: 50 * time.Millisecond, app: "too_short", says: "The time was too short: after 50 ms"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(test.here), w.home(test.there), test.change)
				if test.before != nil {
					test.before(t, w, p)
				}
				target := p.device.Ticket()
				if test.target != nil {
					target = test.target(p)
				}
				timeout := test.timeout
				if timeout == 0 {
					timeout = 8 * time.Second
				}
				app, device := p.failure(t, target, timeout)
				if app.Cause != test.app || !strings.Contains(app.Summary, test.says) || app.State != "failed" || app.Result.Name == "OK" {
					t.Errorf("app: %+v", app)
				}
				if test.device != "" && (device.Cause != test.device || device.State != "failed") {
					t.Errorf("device: %+v", device)
				}
			})
		})
	}
}

// refusing is a server that answers each login with a code.
func refusing(code byte) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := packets.ReadPacket(theirs); err != nil {
				return
			}
			answer := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
			answer.ReturnCode = code
			answer.Write(theirs)
		}()
		return ours, nil
	}
}

// publishRelay names a relay with other credentials.
func (w *world) publishRelay(password string) {
	document, err := json.Marshal(rendezvous.ICEDocument{
		V: 1, Expires: time.Now().Add(time.Hour).Unix(), STUN: []string{net.JoinHostPort(serverIP, turnPort)},
		TURN: []rendezvous.TURNServer{{URL: fmt.Sprintf("turn:%s:%s?transport=udp", serverIP, turnPort), Username: "nobody", Credential: password}},
	})
	w.must(err)
	w.must(w.broker.Publish(rendezvous.ICETopic, document, true))
	time.Sleep(time.Second)
}

// Whoever sits at an address that was the device's is named.
func TestReportOnImpostor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		app, err := w.connectToImpostor(func(*tls.Config) {})
		if CodeOf(err) != ErrAuth {
			t.Fatal(err)
		}
		text, err := app.Report(app.reports.known[0].TraceID)
		r := readReport(t, text, err)
		if r.Cause != "wrong_device" || len(r.Paths) != 1 || r.Paths[0].Way != "known" || r.Paths[0].Outcome != "failed" {
			t.Errorf("%+v", r)
		}
	})
}

// Both ends' reports of a session say how it came about, also when it has ended.
func TestReportsOfSessions(t *testing.T) {
	for _, test := range []struct {
		here, there *nat
		path, why   string
		app, device string // what each sees of the other's NAT
	}{
		{fullCone, portRestricted, "direct", "", "cone", "cone"},
		{public, fullCone, "direct", "", "cone", "none"},
		{symmetric, symmetric, "relay", "no direct path was found", "symmetric", "unknown"},
	} {
		t.Run(fmt.Sprintf("%v to %v", test.here, test.there), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				p := w.pair(w.home(test.here), w.home(test.there), nil)
				app, device := p.connect(0)
				time.Sleep(time.Second) // either path may win; the direct one stays
				trace := app.Info().TraceID
				onApp, onDevice := readReport(t, app.Report(), nil), readReport(t, device.Report(), nil)
				for side, r := range map[string]reported{"app": onApp, "device": onDevice} {
					won := 0
					for _, path := range r.Paths {
						if path.Outcome == "won" {
							won++
						}
					}
					if r.State != "connected" || r.Cause != "connected" || won != 1 {
						t.Errorf("%s: %+v", side, r)
					}
				}
				known := func(nat, want string) bool { return nat == want || nat == "unknown" && test.path != "relay" } // if no check was needed
				if !known(onApp.NAT.Peer, test.app) || !known(onDevice.NAT.Peer, test.device) {
					t.Errorf("NAT: %+v and %+v", onApp.NAT, onDevice.NAT)
				}
				if test.path == "relay" && (onApp.Result.Path != "relay" || !strings.Contains(onApp.WhyRelay, test.why) || !strings.Contains(onApp.Summary, test.why)) {
					t.Errorf("app: %+v", onApp)
				}
				app.Close()
				time.Sleep(5 * time.Second)
				text, err := p.app.Report(trace)
				if r := readReport(t, text, err); r.State != "closed" || r.Cause != "connected" {
					t.Errorf("then: %+v", r)
				}
				text, err = p.device.Report(trace)
				if r := readReport(t, text, err); r.State != "closed" {
					t.Errorf("then: %+v", r)
				}
			})
		})
	}
}

// A server that has another STUN server tells what kind of NAT there is here.
func TestReportOnTheOwnNAT(t *testing.T) {
	for kind, want := range map[*nat]string{public: "none", fullCone: "cone", portRestricted: "cone", symmetric: "symmetric"} {
		t.Run(kind.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				const other = "203.0.113.3"
				turn, err := rendezvous.NewTURN(rendezvous.TURNConfig{Secret: turnSecret, PublicIP: netip.MustParseAddr(other), Net: w.host(w.wan, other)})
				w.must(err)
				t.Cleanup(func() { turn.Close() })
				_, err = turn.ListenUDP(net.JoinHostPort(other, turnPort))
				w.must(err)
				document, err := json.Marshal(rendezvous.ICEDocument{
					V: 1, Expires: time.Now().Add(time.Hour).Unix(), TURN: []rendezvous.TURNServer{},
					STUN: []string{net.JoinHostPort(serverIP, turnPort), net.JoinHostPort(other, turnPort)},
				})
				w.must(err)
				w.must(w.broker.Publish(rendezvous.ICETopic, document, true))
				p := w.pair(w.home(kind), w.home(fullCone), noRelays)
				w.drop(between(p.appHome, p.deviceHome))
				if app, _ := p.failure(t, p.device.Ticket(), 5*time.Second); app.NAT.Own != want {
					t.Errorf("%+v", app.NAT)
				}
			})
		})
	}
}

// The last 64 attempts, and all sessions.
func TestReportsOfBefore(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(fullCone), w.home(fullCone), nil)
		session, device := p.connect(0)
		var traces []string
		for range maxReports {
			to, err := p.app.Resolve(testIdentity(7).ID)
			w.must(err)
			trace := NewTraceID()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			p.app.Connect(ctx, to, ConnectOptions{TraceID: trace})
			cancel()
			traces = append(traces, trace)
		}
		for _, trace := range append(traces, session.Info().TraceID) {
			text, err := p.app.Report(trace)
			readReport(t, text, err)
		}
		if r := readReport(t, session.Report(), nil); r.State != "connected" || r.Result.Name != "OK" || r.NAT.Peer != "cone" {
			t.Errorf("the session: %+v", r)
		}
		to, err := p.app.Resolve(testIdentity(7).ID)
		w.must(err)
		connectIn(p.app, to, ModeInternet, 10*time.Millisecond)
		for _, trace := range []string{traces[0], "", "no such", strings.Repeat("x", 100)} {
			if text, err := p.app.Report(trace); CodeOf(err) != ErrInvalidParameter {
				t.Errorf("%q: %s, %v", trace, text, err)
			}
		}
		session.Close()
		if _, err := p.app.Report(session.Info().TraceID); CodeOf(err) != ErrInvalidParameter {
			t.Error("it is remembered", err)
		}
		readReport(t, device.Report(), nil)
	})
}

// A crowd of strangers makes a device forget no attempt of others.
func TestStrangersDisplaceNoReport(t *testing.T) {
	var r reports
	r.begin("friend", "app", "", false)
	for i := range 1000 {
		r.begin(fmt.Sprint(i), "stranger", "", true).Offer()
	}
	if r.of("friend") == nil || r.of("999") == nil || r.of("0") != nil || len(r.strange) != maxStrangeReports {
		t.Errorf("%d", len(r.strange))
	}
	if r.begin("friend", "app", "", true) != r.of("friend") || r.begin("friend", "other", "", true) == r.of("friend") {
		t.Error("whose attempt is it?")
	}
}

// What others have said stays inside its quotes, and within 32 KB.
func TestReportsAreJSON(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		uid, trace := "a\"},\\{'<b>&\u00e9\U0001f600", `"}],\"{'<script>&\u0000\`
		p := w.pair(w.home(fullCone), w.home(fullCone), func(app, _ *Config) { app.UID = uid })
		to, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		app, err := p.app.Connect(t.Context(), to, ConnectOptions{TraceID: trace})
		w.must(err)
		device, err := p.device.Accept(time.Second)
		w.must(err)
		for _, text := range [][]byte{app.Report(), device.Report()} {
			var r struct {
				Trace string `json:"trace_id"`
				UID   string
				Side  string
			}
			if err := json.Unmarshal(text, &r); err != nil || r.Trace != trace || r.Side == "device" && r.UID != uid {
				t.Errorf("%+v, %v", r, err)
			}
			for _, secret := range []string{p.device.Ticket(), turnSecret} {
				if strings.Contains(string(text), secret) {
					t.Error("it holds a secret")
				}
			}
		}
	})
	j := journal.New("trace", "peer", "")
	hostile := strings.Repeat("\"\\\n\x00\xff\u2028<", 1000)
	for i := range 1000 {
		remote := netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xfe, 0xdc, 0xfe, 0xdc, 0xfe, 0xdc, 0xfe, 0xdc, 0xfe, 0xdc, 0xfe, 0xdc, byte(i >> 8), byte(i)}), 65535)
		j.OwnCandidate("srflx", remote)
		j.PeerCandidate("relay", remote)
		j.FailDial(journal.Key{OwnRelay: true, Remote: remote}, hostile)
	}
	j.FailSTUN(errors.New(hostile), true)
	j.FailRelay(errors.New(hostile), true)
	j.Finish(journal.End{Code: ErrTimeout, UID: hostile[:maxUIDLength], ServerWhy: hostile})
	text := write(describe(j, hostile[:80]))
	if !json.Valid(text) || !utf8.Valid(text) || len(text) > maxReportSize || len(text) < maxReportSize/4 {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

func TestServerCauses(t *testing.T) {
	for _, test := range []struct {
		err  error
		want journal.Cause
	}{
		{fmt.Errorf("x: %w", signal.ErrClock), journal.Clock},
		{signal.ErrLogin, journal.Login},
		{errors.Join(ident.ErrPin), journal.ServerPin},
		{&net.DNSError{Name: "server.test"}, journal.ServerName},
		{x509.CertificateInvalidError{Reason: x509.Expired}, journal.ServerCertificate},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, journal.ServerCertificate},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, journal.ServerDead},
	} {
		if got := serverCause(test.err); got != test.want {
			t.Errorf("%v: %s", test.err, got)
		}
	}
}

// What a report says of the NATs is true, whichever there are, and it always knows why a relay was used.
func TestReportsOfEveryPairOfNATs(t *testing.T) {
	kinds := map[*nat]string{public: "none", fullCone: "cone", restrictedCone: "cone", portRestricted: "cone", symmetric: "symmetric"}
	for here, own := range kinds {
		for there, peer := range kinds {
			t.Run(fmt.Sprintf("%v to %v", here, there), func(t *testing.T) {
				inWorld(t, func(t *testing.T, w *world) {
					p := w.pair(w.home(here), w.home(there), nil)
					app, device := p.connect(0)
					time.Sleep(time.Second)
					onApp, onDevice := readReport(t, app.Report(), nil), readReport(t, device.Report(), nil)
					for _, said := range [][2]string{{onApp.NAT.Own, own}, {onApp.NAT.Peer, peer}, {onDevice.NAT.Own, peer}, {onDevice.NAT.Peer, own}} {
						if said[0] != said[1] && said[0] != "unknown" {
							t.Errorf("app: %+v, device: %+v", onApp.NAT, onDevice.NAT)
						}
					}
					if (onApp.Result.Path == "relay") != (onApp.WhyRelay != "") {
						t.Errorf("%+v", onApp)
					}
				})
			})
		}
	}
}
