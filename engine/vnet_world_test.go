package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/lab/bubble"
	"github.com/thingp2p/libthingp2p/engine/lab/twin"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// These tests are of package engine, and not of a folder of their own, since they give
// Config networks that are not public, and look at sessions from inside.
//
// The tests in the vnet files run apps, devices and a server on pion's virtual
// network, in fake time: homes behind NATs, an internet between them, and MQTT
// over pipes that take as long.
//
//	app ──── home ── 10 ms ──┐
//	                         ├── internet ── server (STUN, TURN, broker)
//	device ─ home ── 10 ms ──┘
//
// A round trip takes 40 ms between the two and 20 ms to the server.
const (
	access     = 10 * time.Millisecond // one way, between a home and the internet
	serverIP   = "203.0.113.1"
	turnPort   = "3478"
	turnSecret = "the secret of a test"
)

// nat is a kind of NAT, by mapping and filtering (RFC 4787); nil: none, the
// endpoint is on the internet itself.
type nat struct {
	name    string
	mapping vnet.EndpointDependencyType
	filter  vnet.EndpointDependencyType
}

var (
	public         *nat
	fullCone       = &nat{"full cone", vnet.EndpointIndependent, vnet.EndpointIndependent}
	restrictedCone = &nat{"restricted cone", vnet.EndpointIndependent, vnet.EndpointAddrDependent}
	portRestricted = &nat{"port-restricted cone", vnet.EndpointIndependent, vnet.EndpointAddrPortDependent}
	symmetric      = &nat{"symmetric", vnet.EndpointAddrPortDependent, vnet.EndpointAddrPortDependent}
)

func (n *nat) String() string {
	if n == nil {
		return "public"
	}
	return n.name
}

// world is a virtual network with a server.
type world struct {
	t       *testing.T
	wan     *vnet.Router
	broker  *rendezvous.Broker
	pipes   sync.WaitGroup
	started bool
	nextIP  int
	dropped atomic.Pointer[func(vnet.Chunk) bool]
}

// inWorld runs a test in a bubble with a network of its own, which at the end
// must have no goroutine left.
func inWorld(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	bubble.Run(t, func(t *testing.T) { test(t, newWorld(t)) })
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, nextIP: 10, broker: rendezvous.NewBroker(rendezvous.BrokerConfig{Names: []string{"server.test"}})}
	var err error
	w.wan, err = vnet.NewRouter(&vnet.RouterConfig{CIDR: "203.0.113.0/24", LoggerFactory: base.ICELog{Log: slog.New(slog.DiscardHandler)}})
	w.must(err)
	w.wan.AddChunkFilter(func(c vnet.Chunk) bool {
		drop := w.dropped.Load()
		return drop == nil || !(*drop)(c)
	})
	host := w.host(w.wan, serverIP)
	turn, err := rendezvous.NewTURN(rendezvous.TURNConfig{Secret: turnSecret, PublicIP: netip.MustParseAddr(serverIP), Net: host})
	w.must(err)
	t.Cleanup(func() {
		time.Sleep(time.Minute) // a transaction of pion's TURN client outlives the client until its next repetition
		turn.Close()
		w.broker.Close()
		w.pipes.Wait()
		if w.started {
			w.wan.Stop()
		}
	})
	_, err = turn.ListenUDP(net.JoinHostPort(serverIP, turnPort))
	w.must(err)
	w.publishServers()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) publishServers() {
	w.must(w.broker.Publish(rendezvous.ICETopic, w.servers(turnSecret), true))
}

// servers is the document of the server, with credentials by a secret.
func (w *world) servers(secret string) []byte {
	expires := time.Now().Add(24 * time.Hour)
	username, password := rendezvous.Credential(secret, "all", expires)
	document, err := json.Marshal(rendezvous.ICEDocument{
		V:       1,
		Expires: expires.Unix(),
		STUN:    []string{net.JoinHostPort(serverIP, turnPort)},
		TURN: []rendezvous.TURNServer{{
			URL: fmt.Sprintf("turn:%s:%s?transport=udp", serverIP, turnPort), Username: username, Credential: password,
		}},
	})
	w.must(err)
	return document
}

// host adds a host to a network.
func (w *world) host(router *vnet.Router, ip string) *vnet.Net {
	w.t.Helper()
	host, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip}})
	w.must(err)
	w.must(router.AddNet(host))
	return host
}

// home is where endpoints are: behind one public address.
type home struct {
	world    *world
	router   *vnet.Router
	publicIP string
	private  bool
	hosts    int
}

// home adds one with a NAT. All use the same private addresses, as homes do.
// Without a NAT it is one host on the internet.
func (w *world) home(kind *nat) *home {
	w.t.Helper()
	return w.farHome(kind, access)
}

// farHome is one to which the way is longer, or shorter.
func (w *world) farHome(kind *nat, way time.Duration) *home {
	w.t.Helper()
	h := &home{world: w, publicIP: fmt.Sprintf("203.0.113.%d", w.nextIP), private: kind != nil}
	w.nextIP++
	config := &vnet.RouterConfig{MinDelay: way, LoggerFactory: base.ICELog{Log: slog.New(slog.DiscardHandler)}}
	if h.private {
		config.CIDR = "192.168.1.0/24"
		config.StaticIPs = []string{h.publicIP}
		config.NATType = &vnet.NATType{MappingBehavior: kind.mapping, FilteringBehavior: kind.filter}
	} else {
		config.CIDR = h.publicIP + "/32"
		config.StaticIPs = []string{h.publicIP + "/" + h.publicIP}
		config.NATType = &vnet.NATType{Mode: vnet.NATModeNAT1To1} // to the same address
	}
	var err error
	h.router, err = vnet.NewRouter(config)
	w.must(err)
	w.must(w.wan.AddRouter(h.router))
	return h
}

// config is that of an endpoint on a host of its own.
func (h *home) config(who string) Config {
	ip := h.publicIP
	if h.private {
		ip = fmt.Sprintf("192.168.1.%d", 2+h.hosts)
		h.hosts++
	}
	c := Config{Server: "mqtt://server.test", DisableLAN: true, network: twin.Network{Net: h.world.host(h.router, ip)}, dialServer: h.world.dialServer}
	if os.Getenv("THINGP2P_TEST_LOG") != "" {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("who", who)
	}
	return c
}

func (w *world) dialServer() (net.Conn, error) { return w.dialTo(w.broker.Serve) }

// dialTo opens a connection to a broker, as long as the way to it.
func (w *world) dialTo(serve func(net.Conn)) (net.Conn, error) {
	time.Sleep(2 * access) // the handshake of TCP
	ours, near := net.Pipe()
	far, theirs := net.Pipe()
	serve(theirs)
	w.pipes.Go(func() { carry(near, far) })
	w.pipes.Go(func() { carry(far, near) })
	return ours, nil
}

// carry copies bytes that take access, until either end is closed.
func carry(from, to net.Conn) {
	type segment struct {
		bytes []byte
		due   time.Time
	}
	segments := make(chan segment, 1024)
	go func() {
		defer close(segments)
		for {
			buffer := make([]byte, 4096)
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			segments <- segment{buffer[:n], time.Now().Add(access)}
		}
	}()
	defer to.Close()
	for s := range segments {
		time.Sleep(time.Until(s.due))
		if _, err := to.Write(s.bytes); err != nil {
			from.Close()
		}
	}
}

// drop decides from now on which packets the internet loses; nil: none.
func (w *world) drop(lost func(vnet.Chunk) bool) {
	if lost == nil {
		w.dropped.Store(nil)
		return
	}
	w.dropped.Store(&lost)
}

// between tells the packets that go from one home to the other.
func between(a, b *home) func(vnet.Chunk) bool {
	return func(c vnet.Chunk) bool {
		from, to := c.SourceAddr().(*net.UDPAddr).IP.String(), c.DestinationAddr().(*net.UDPAddr).IP.String()
		return from == a.publicIP && to == b.publicIP || from == b.publicIP && to == a.publicIP
	}
}

// has tells packets from and to a home.
func (h *home) has(c vnet.Chunk) bool {
	return c.SourceAddr().(*net.UDPAddr).IP.String() == h.publicIP || c.DestinationAddr().(*net.UDPAddr).IP.String() == h.publicIP
}

// sent tells packets from a home.
func (h *home) sent(c vnet.Chunk) bool { return isFrom(c, h.publicIP) }

func isFrom(c vnet.Chunk, ip string) bool { return c.SourceAddr().(*net.UDPAddr).IP.String() == ip }

func everything(vnet.Chunk) bool { return true }

// vpair is an app and a device in a world, both connected to the server.
type vpair struct {
	world               *world
	app                 *App
	device              *Device
	appHome, deviceHome *home
}

// pair makes an app and a device and waits until both are online, as long as
// it takes to have found out all that they find out without a connect.
func (w *world) pair(appHome, deviceHome *home, change func(app, device *Config)) vpair {
	w.t.Helper()
	appConfig, deviceConfig := appHome.config("app"), deviceHome.config("device")
	appConfig.UID = "user"
	if change != nil {
		change(&appConfig, &deviceConfig)
	}
	if !w.started {
		w.must(w.wan.Start())
		w.started = true
	}
	device, err := NewDevice(deviceConfig)
	w.must(err)
	w.t.Cleanup(func() { device.Close() })
	w.must(device.Listen())
	app, err := NewApp(appConfig)
	w.must(err)
	w.t.Cleanup(func() { app.Close() })
	time.Sleep(time.Second)
	return vpair{w, app, device, appHome, deviceHome}
}

// connectIn is Connect with a timeout; 0 means 15 s.
func connectIn(a *App, to *Target, mode Mode, timeout time.Duration) (*Session, error) {
	if timeout == 0 {
		timeout = 15 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return a.Connect(ctx, to, ConnectOptions{Mode: mode})
}

// connect returns both ends of a new session.
func (p vpair) connect(timeout time.Duration) (app, device *Session) {
	p.world.t.Helper()
	target, err := p.app.Resolve(p.device.Ticket())
	p.world.must(err)
	app, err = connectIn(p.app, target, ModeInternet, timeout)
	p.world.must(err)
	device, err = p.device.Accept(time.Second)
	p.world.must(err)
	return app, device
}
