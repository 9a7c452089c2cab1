package rendezvous

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/transport/v2"
	pion "github.com/pion/turn/v2"

	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// TURNConfig configures a TURN server.
type TURNConfig struct {
	// Secret signs the credentials; see [Credential].
	Secret string
	// OldSecrets have signed credentials before; see Config.
	OldSecrets []string
	// PublicIP is the IPv4 address of relays, as peers see it. If this machine
	// has it, relays bind to it, else to all addresses: a cloud's NAT that maps
	// one public address to the machine then does the rest.
	PublicIP netip.Addr
	// PublicIP6 is the IPv6 address of the relays of who asks for such ones (RFC 6156).
	// Default: there are none.
	PublicIP6 netip.Addr

	RelayPorts        PortRange // default DefaultRelayPorts
	MaxRelays         int       // at once; default DefaultMaxRelays
	AllowPrivatePeers bool      // see Config
	RelayAllow        []netip.Prefix
	RelayDeny         []netip.Prefix

	MaxRelaysPerClient int // default DefaultMaxRelaysPerClient
	Rate               int // bits per second of a client's relays; default DefaultRelayRate

	Net transport.Net // for relays; nil: the operating system
	Log *slog.Logger  // default none

	lobby *lobby // nil: its own
}

// TURN answers STUN Binding requests (RFC 8489) and relays UDP for those who
// hold a credential (RFC 8656). It serves what ListenUDP, ServePacket and
// ServeStream give it.
type TURN struct {
	cfg     TURNConfig
	secrets atomic.Pointer[secrets]
	peers   atomic.Pointer[peerRules]
	own     ownNow
	blind   bool // it does not tell them, and did not at the start
	relays  *relays
	door    *door // of streams; whoever has a relay is inside

	errors *errorLimit // of sockets

	mu      sync.Mutex
	closed  bool
	packets []net.PacketConn
	streams map[*stream]struct{}
	wg      sync.WaitGroup // one for each of packets and streams
}

// publicIPs are the addresses of relays, that of IPv4 first.
func (cfg TURNConfig) publicIPs() []netip.Addr {
	if cfg.PublicIP6.IsValid() {
		return []netip.Addr{cfg.PublicIP, cfg.PublicIP6}
	}
	return []netip.Addr{cfg.PublicIP}
}

// checkPublicIP6 says why relays cannot be at ip beside those at an IPv4 address.
func checkPublicIP6(ip, beside netip.Addr) error {
	switch {
	case !ip.IsValid():
	case !ip.Is6() || ip.Is4In6() || ip.IsLinkLocalUnicast() || !limit.MayBeHost(ip):
		return fmt.Errorf("relays cannot be at %s: give -public-ip6 the machine's IPv6 address", ip)
	case ip.IsLoopback() != beside.IsLoopback():
		return fmt.Errorf("of the relays' addresses %s and %s one is loopback: give -public-ip and -public-ip6 that are reached from the same places", beside, ip)
	}
	return nil
}

// NewTURN returns a server that listens nowhere yet.
func NewTURN(cfg TURNConfig) (*TURN, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.RelayPorts == (PortRange{}) {
		cfg.RelayPorts = DefaultRelayPorts
	}
	if cfg.MaxRelays <= 0 {
		cfg.MaxRelays = DefaultMaxRelays
	}
	if cfg.MaxRelaysPerClient <= 0 {
		cfg.MaxRelaysPerClient = DefaultMaxRelaysPerClient
	}
	if cfg.Rate <= 0 {
		cfg.Rate = DefaultRelayRate
	}
	if cfg.PublicIP = cfg.PublicIP.Unmap(); !cfg.PublicIP.Is4() {
		return nil, errors.New("a TURN server needs the IPv4 address of its relays")
	}
	if err := checkPublicIP6(cfg.PublicIP6, cfg.PublicIP); err != nil {
		return nil, err
	}
	if slices.Contains(cfg.OldSecrets, "") {
		return nil, errors.New("an old secret is empty, and anybody could sign with it: leave it out")
	}
	t := &TURN{
		cfg:     cfg,
		relays:  newRelays(cfg),
		door:    newDoor(cfg.lobby, cfg.MaxRelays, maxRelaysPerIP),
		streams: map[*stream]struct{}{},

		errors: newErrorLimit(),
	}
	t.secrets.Store(&secrets{cfg.Secret, cfg.OldSecrets})
	t.setPeerRules(cfg.AllowPrivatePeers, cfg.RelayAllow, cfg.RelayDeny)
	if _, err := ownAddresses(); cfg.Net == nil && err != nil {
		t.blind = true
		cfg.Log.Warn("this machine does not tell its addresses: name those that no relay may reach, such as a second public one, with -relay-deny", "error", err)
	}
	return t, nil
}

func (t *TURN) setPeerRules(private bool, allow, deny []netip.Prefix) {
	rules := newPeerRules(t.cfg.publicIPs(), private, allow, deny)
	t.peers.Store(&rules)
}

// mayRelayTo reports whether a client may send to peer.
func (t *TURN) mayRelayTo(peer net.IP) bool {
	var own []netip.Prefix
	if t.cfg.Net == nil && !t.cfg.PublicIP.IsLoopback() {
		var known bool
		if own, known = t.own.get(time.Now()); !known && !t.blind {
			return false
		}
	}
	return t.peers.Load().allow(peer, own)
}

// Relays returns the number of allocations.
func (t *TURN) Relays() int { return t.relays.count() }

// ListenUDP opens a UDP address and returns its port.
func (t *TURN) ListenUDP(address string) (int, error) {
	conn, err := t.relays.listen("udp", address)
	if err != nil {
		return 0, listenError(address+" (UDP)", err)
	}
	return conn.LocalAddr().(*net.UDPAddr).Port, t.ServePacket(conn)
}

// ServePacket serves a UDP socket, or what looks like one, and takes it over.
func (t *TURN) ServePacket(conn net.PacketConn) error {
	enlargeBuffers(conn)
	p := &packetSocket{PacketConn: answeringFromTheAddressAsked(conn), guard: panics.Guard{Log: t.cfg.Log}}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		conn.Close()
		return net.ErrClosed
	}
	t.wg.Add(1)
	p.ended = t.wg.Done
	d := t.newDesk()
	d.errors = t.errors
	if err := t.serve(p, d); err != nil {
		t.wg.Done()
		conn.Close()
		return err
	}
	t.packets = append(t.packets, p)
	return nil
}

// ServeStream serves a TCP or TLS connection, or what looks like one, takes it
// over and returns at once. Its allocations end with it.
func (t *TURN) ServeStream(conn net.Conn) {
	d := t.newDesk()
	conn = t.door.enter(conn)
	d.admit = func() error { return t.door.admit(knockOf(conn)) }
	s := newStream(conn, d)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		s.Close()
		return
	}
	t.streams[s] = struct{}{}
	t.wg.Add(1)
	s.ended = func() { t.gone(s) }
	if err := t.serve(s, d); err != nil {
		t.cfg.Log.Error("cannot serve a connection", "error", err)
		delete(t.streams, s)
		t.wg.Done()
		s.Close()
	}
}

func (t *TURN) gone(s *stream) {
	t.mu.Lock()
	delete(t.streams, s)
	t.mu.Unlock()
	t.wg.Done()
}

// serve starts a pion server of its own for one socket or connection. pion
// would keep allocations whose TCP connection is gone until they expire, and
// would not end connections when it is closed; in a server each, both follow
// from how it ends. It also gives each desk one caller at a time.
func (t *TURN) serve(conn net.PacketConn, d *desk) error {
	_, err := pion.NewServer(pion.ServerConfig{
		Realm: Realm,
		AuthHandler: func(username, realm string, from net.Addr) ([]byte, bool) {
			defer d.guard.Recover()
			return d.authenticate(username, realm, from)
		},
		LoggerFactory: pionLogs{t.cfg.Log},
		PacketConnConfigs: []pion.PacketConnConfig{{
			PacketConn:            deskConn{conn, d},
			RelayAddressGenerator: d,
			PermissionHandler: func(_ net.Addr, peer net.IP) bool {
				defer d.guard.Recover()
				return d.permits(peer, t.mayRelayTo)
			},
		}},
	})
	if err != nil {
		return fmt.Errorf("start TURN: %w", err)
	}
	return nil
}

// Close ends all sockets, connections and relays and waits until they are gone.
func (t *TURN) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	for _, p := range t.packets {
		p.Close()
	}
	for s := range t.streams {
		s.Close()
	}
	t.mu.Unlock()
	t.wg.Wait()
	t.relays.wait()
	return nil
}
