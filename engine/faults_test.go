package engine

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"
	"github.com/pion/transport/v2"
	"github.com/pion/transport/v2/stdnet"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/faultlog"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// In these tests something panics where it would end the process: in a goroutine,
// in a timer, or in a library that calls us.

func TestFaultInAWatch(t *testing.T) {
	broken := func() { panic("the test's own") }
	noPackets := func() uint64 { return 0 }
	for name, start := range map[string]func(panics.Guard) (stop func()){
		"path's timer": func(g panics.Guard) func() {
			calls := 0
			w := newPathWatch(g, func() uint64 {
				if calls++; calls > 1 {
					broken()
				}
				return 0
			}, func() bool { return false }, func() time.Duration { return 0 }, func() {}, func(bool) {})
			w.touch()
			return w.stop
		},
		"path's ping": func(g panics.Guard) func() {
			w := newPathWatch(g, noPackets, func() bool { return false }, func() time.Duration { return 0 }, broken, func(bool) {})
			w.doubt()
			return w.stop
		},
		"lost path": func(g panics.Guard) func() {
			w := newPathWatch(g, noPackets, func() bool { return false }, func() time.Duration { return 0 }, func() {}, func(bool) { broken() })
			w.touch()
			return w.stop
		},
		"doubt": func(g panics.Guard) func() {
			return watchSilence(g, 3*time.Second, noPackets, broken, func() {}).stop
		},
		"end": func(g panics.Guard) func() {
			return watchSilence(g, 3*time.Second, noPackets, func() {}, broken).stop
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Run(t, func(t *testing.T) {
				log, logger := faultlog.New()
				failed := make(chan struct{}, 10)
				stop := start(panics.Guard{Log: logger, Failed: func() { failed <- struct{}{} }})
				<-failed
				log.Want(t, "TestFaultInAWatch")
				stop()
			})
		})
	}
}

// straightPair is an app and a device on this machine, without a server. change is
// called before the device takes connections, and each of configure before the app starts.
func straightPair(t *testing.T, change func(*Device), configure ...func(*Config)) (a *App, d *Device, log *faultlog.Log) {
	t.Helper()
	log, logger := faultlog.New()
	d, err := NewDevice(Config{DisableLAN: true, Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	change(d)
	if err := d.Listen(); err != nil {
		t.Fatal(err)
	}
	config := Config{UID: "user", DisableLAN: true, Log: logger}
	for _, c := range configure {
		c(&config)
	}
	a, err = NewApp(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a, d, log
}

func connectStraight(t *testing.T, a *App, d *Device) (app, device *Session) {
	t.Helper()
	target, err := a.Resolve(d.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.AddAddress(target, d.Address()); err != nil {
		t.Fatal(err)
	}
	if app, err = a.Connect(await.Context(t, nil), target, ConnectOptions{}); err != nil {
		t.Fatal(err)
	}
	if device, err = d.Accept(await.Limit); err != nil {
		t.Fatal(err)
	}
	return app, device
}

// A stranger's packet makes the socket panic in QUIC's reader: it is lost, and the
// device goes on.
func TestFaultInTheSocketsReader(t *testing.T) {
	a, d, log := straightPair(t, func(d *Device) { d.socket.Mux = nil })
	stranger, err := net.Dial("udp", d.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	for range 3 {
		stranger.Write(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("an agent:a peer")).Raw)
		log.Want(t, "divert")
	}
	app, device := connectStraight(t, a, d)
	wantEcho(t, app, device)
}

func wantEcho(t *testing.T, app, device *Session) {
	t.Helper()
	if _, err := app.Send(0, []byte("text"), -1); err != nil {
		t.Error(err)
	}
	p := make([]byte, 10)
	if n, err := device.Read(0, p, await.Limit); string(p[:n]) != "text" {
		t.Errorf("%q, %v", p[:n], err)
	}
}

// breakableNet is the network of this machine, on which writing can be made to panic.
type breakableNet struct {
	transport.Net
	broken atomic.Bool
}

func (n *breakableNet) ListenPacket(network, address string) (net.PacketConn, error) {
	c, err := n.Net.ListenPacket(network, address)
	return &breakableConn{c, &n.broken}, err
}

type breakableConn struct {
	net.PacketConn
	broken *atomic.Bool
}

func (c *breakableConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if established := p[0]&0xc0 == 0x40; established && c.broken.Load() { // not the last of an attempt that lost
		panic("the test's own")
	}
	return c.PacketConn.WriteTo(p, to)
}

// What sends a session's packets panics in a goroutine of QUIC's: the session ends,
// and the endpoint goes on.
func TestFaultInTheSocketsWriter(t *testing.T) {
	network := &breakableNet{}
	var err error
	if network.Net, err = stdnet.NewNet(); err != nil {
		t.Fatal(err)
	}
	a, d, log := straightPair(t, func(*Device) {}, func(c *Config) { c.network = twin.Network{Net: network} })
	app, _ := connectStraight(t, a, d)
	network.broken.Store(true)
	app.Send(0, []byte("text"), 0)
	log.Want(t, "WriteTo")
	wantEnd(t, app, ErrInternal)
	network.broken.Store(false)
	app, device := connectStraight(t, a, d)
	wantEcho(t, app, device)
}

func wantEnd(t *testing.T, s *Session, code Code) {
	t.Helper()
	select {
	case <-s.done:
	case <-await.Context(t, nil).Done():
		t.Fatal("the session does not end")
	}
	if got := CodeOf(s.Check()); got != code {
		t.Errorf("the session has ended with %s, not %s", got.Name(), code.Name())
	}
}

type brokenControl struct{ channel.Stream }

func (brokenControl) Read([]byte) (int, error) { panic("the test's own") }

func TestFaultInASessionsGoroutine(t *testing.T) {
	for name, fail := range map[string]func(*Session){
		"its own": func(s *Session) { s.guard.Go(func() { panic("the test's own") }) },
		"listening": func(s *Session) {
			s.control = brokenControl{s.control}
			s.guard.Go(func() { s.readSignals() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, d, log := straightPair(t, func(*Device) {})
			app, device := connectStraight(t, a, d)
			fail(app)
			log.Want(t, "TestFaultInASessionsGoroutine")
			wantEnd(t, app, ErrInternal)
			wantEnd(t, device, ErrClosedRemote)
			app, device = connectStraight(t, a, d)
			wantEcho(t, app, device)
		})
	}
}

// Taking a session down goes on after a panic, or its owner would keep it.
func TestFaultWhileASessionEnds(t *testing.T) {
	a, d, log := straightPair(t, func(*Device) {})
	app, device := connectStraight(t, a, d)
	app.silence.stop()
	app.silence = nil
	app.Close()
	log.Want(t, "takeDown")
	wantEnd(t, device, ErrClosedRemote)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sessions) > 0 {
		t.Error("the app still has the session")
	}
}

// The device cannot take what an app tells of itself: that app's search fails, and
// the next one is answered.
func TestFaultInANegotiation(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		log, logger := faultlog.New()
		p := w.pair(w.home(public), w.home(public), func(_, device *Config) { device.Log = logger })
		most := func(n int) {
			v := p.device.visitors
			v.Mu.Lock()
			defer v.Mu.Unlock()
			v.Until.Most = n
		}
		most(0)
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		if _, err := connectIn(p.app, target, ModeInternet, 3*time.Second); err == nil {
			t.Error("connected")
		}
		log.Want(t, "expect")
		synctest.Wait()
		if n := len(p.device.attemptsNow()); n > 0 {
			t.Errorf("the device still has %d negotiations", n)
		}
		most(gate.MaxVisitors)
		p.connect(0)
	})
}

// An app whose own negotiation panics hears so at once.
func TestFaultInAnAppsNegotiation(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		log, logger := faultlog.New()
		p := w.pair(w.home(public), w.home(public), func(app, _ *Config) { app.Log = logger })
		p.app.ground.Visitors = gate.NewVisitors(nil)
		p.app.ground.Visitors.Until.Most = 0
		target, err := p.app.Resolve(p.device.Ticket())
		w.must(err)
		_, err = connectIn(p.app, target, ModeInternet, 0)
		if CodeOf(err) != ErrInternal {
			t.Errorf("the attempt ends with %v", err)
		}
		log.Want(t, "expect")
	})
}

// What an authorizer of the host's does, or what we do with its answer, must not
// leave the app waiting.
func TestFaultWhileAnAppIsAdmitted(t *testing.T) {
	a, d, log := straightPair(t, func(*Device) {})
	d.SetAuthorizer(func(Peer) Code { panic("the test's own") })
	target, err := a.Resolve(d.Ticket())
	if err != nil {
		t.Fatal(err)
	}
	a.AddAddress(target, d.Address())
	_, err = a.Connect(await.Context(t, nil), target, ConnectOptions{})
	if err == nil {
		t.Error("the app was let in")
	}
	log.Want(t, "TestFaultWhileAnAppIsAdmitted")
	d.SetAuthorizer(nil)
	connectStraight(t, a, d)
}

// A peer is not accepted because the check has panicked.
func TestFaultInTLS(t *testing.T) {
	log, logger := faultlog.New()
	i := keys.New(make([]byte, 32))
	i.Guard = panics.Guard{Log: logger}
	config, err := i.TLSConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if config.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{nil}}) == nil {
		t.Error("accepted")
	}
	log.Want(t, "PeerID")
}

// tlsPair is for a device and an app that knows it.
func tlsPair(t *testing.T) (device, app *tls.Config) {
	t.Helper()
	known := keys.New(append(make([]byte, 31), 1))
	device, err := known.TLSConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if app, err = keys.New(append(make([]byte, 31), 2)).TLSConfig(known.ID); err != nil {
		t.Fatal(err)
	}
	return device, app
}

// Who decides about a connection panics: the peer hears of its end at once.
func TestFaultWhileAConnectionIsHandled(t *testing.T) {
	log, logger := faultlog.New()
	sides := make([]*quicTransport, 2)
	for i := range sides {
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		sides[i] = newQUICTransport(udp, logger)
		t.Cleanup(func() {
			sides[i].Close()
			udp.Close()
		})
	}
	workers := panics.Group{Guard: panics.Guard{Log: logger}}
	t.Cleanup(workers.Wait)
	tlsDevice, tlsApp := tlsPair(t)
	if err := sides[1].serve(tlsDevice, time.Minute, gate.NewHandshakes(workers.Guard), &workers, func(*quicConn) { panic("the test's own") }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sides[1].Close() })
	conn, err := sides[0].dial(await.Context(t, ErrTimeout), hosts.AddrPort(sides[1].Conn.LocalAddr()), tlsApp, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-conn.Context().Done():
	case <-await.Context(t, nil).Done():
		t.Error("the connection goes on")
	}
	log.Want(t, "TestFaultWhileAConnectionIsHandled")
}
