package base

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun"
	"github.com/pion/transport/v2"
	"github.com/pion/turn/v2"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// Relay is an allocation on a TURN server (RFC 8656): a base like the socket,
// whose address is the server's. STUN goes to its mux, QUIC to its conn.
type Relay struct {
	Address netip.AddrPort
	Mux     *STUNMux
	ByUDP   bool // is how the server is reached
	client  *turn.Client
	lower   net.PacketConn           // to the TURN server
	relayed net.PacketConn           // from turn.Client
	conn    atomic.Pointer[SideConn] // takes what is not STUN
	done    chan struct{}
	guard   panics.Guard

	mu          sync.Mutex
	closed      bool
	permissions map[netip.Addr]bool      // to send; true: installed; false: asked for
	expected    map[netip.Addr]time.Time // who may send, and how long that need not be said again
	permit      func(net.Addr) error     // asks for that
	asking      panics.Group
}

// HeadStart is what TURN over UDP gets before TCP is tried too, and TCP
// before TLS: the least framing that works wins.
const HeadStart = 250 * time.Millisecond

// relayGrace is how long an allocation may take to come after it is not wanted.
const relayGrace = 500 * time.Millisecond

// maxPermissions bounds the peers that an allocation talks to.
const maxPermissions = 32

var (
	ErrNoRelayServer = errors.New("the server offers no relay")
	ErrRelayRefused  = errors.New("the server refused a relay")
	errNotTURN       = errors.New("the server names a relay whose address is not like turn:example.org:3478: its operator has to change it")
)

// RelayDialer allocates relays.
type RelayDialer struct {
	Net   hosts.Network
	TLS   *tls.Config
	Pacer *pacer
	Log   *slog.Logger
}

// Allocate returns the first allocation that one of the servers grants, trying
// them in their order with a head start for each.
func (d RelayDialer) Allocate(ctx context.Context, servers []signal.TURNServer, headStart time.Duration) (*Relay, error) {
	if len(servers) == 0 {
		return nil, ErrNoRelayServer
	}
	var attempts []func(context.Context) (*Relay, error)
	for _, server := range servers {
		attempts = append(attempts, func(ctx context.Context) (*Relay, error) { return d.allocateOn(ctx, server) })
	}
	return hosts.First(ctx, panics.Guard{Log: d.Log}, headStart, attempts, (*Relay).Close)
}

func (d RelayDialer) allocateOn(ctx context.Context, server signal.TURNServer) (*Relay, error) {
	uri, err := stun.ParseURI(server.URL)
	if err != nil || (uri.Scheme != stun.SchemeTypeTURN && uri.Scheme != stun.SchemeTypeTURNS) || strings.Contains(uri.Host, "@") {
		return nil, errNotTURN // the text may hold a password
	}
	if ip, err := netip.ParseAddr(uri.Host); err == nil && !limit.MayBeHost(ip) {
		return nil, fmt.Errorf("%s: %w", server.URL, errNoServerThere)
	}
	host := net.JoinHostPort(uri.Host, fmt.Sprint(uri.Port))
	var relay *Relay
	if uri.Proto == stun.ProtoTypeUDP && uri.Scheme == stun.SchemeTypeTURN {
		relay, err = d.allocateByUDP(ctx, server, host)
	} else {
		relay, err = d.allocateByStream(ctx, server, uri, host)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server.URL, err)
	}
	return relay, nil
}

// allocateByUDP tries the addresses of a name as Allocate does servers.
func (d RelayDialer) allocateByUDP(ctx context.Context, server signal.TURNServer, host string) (*Relay, error) {
	addresses, err := d.Net.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var attempts []func(context.Context) (*Relay, error)
	for _, address := range addresses {
		to := net.UDPAddrFromAddrPort(d.Net.NAT64().Out(address))
		attempts = append(attempts, func(ctx context.Context) (*Relay, error) {
			lower, err := d.Net.Listen(0)
			if err != nil {
				return nil, err
			}
			r, err := d.allocateOver(ctx, server, lower, to)
			if err == nil {
				r.ByUDP = true
			}
			return r, err
		})
	}
	return hosts.First(ctx, panics.Guard{Log: d.Log}, HeadStart, attempts, (*Relay).Close)
}

func (d RelayDialer) allocateByStream(ctx context.Context, server signal.TURNServer, uri *stun.URI, host string) (*Relay, error) {
	lower, err := d.dialStream(ctx, uri, host, server.Pin)
	if err != nil {
		return nil, err
	}
	return d.allocateOver(ctx, server, lower, &net.UDPAddr{}) // there is nobody else to send to
}

// resolved is a network in which the server's address is known: the TURN client would ask
// for it again, and for IPv4 only.
type resolved struct {
	transport.Net
	server *net.UDPAddr
}

func (n resolved) ResolveUDPAddr(string, string) (*net.UDPAddr, error) { return n.server, nil }

// allocateOver allocates on the server at to, and takes the transport below over.
func (d RelayDialer) allocateOver(ctx context.Context, server signal.TURNServer, lower net.PacketConn, to *net.UDPAddr) (*Relay, error) {
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: to.String(),
		Username:       server.Username,
		Password:       server.Credential,
		Conn:           lower,
		Net:            resolved{d.Net.Pion(), to},
		LoggerFactory:  ICELog{d.Log},
	})
	if err != nil {
		lower.Close()
		return nil, err
	}
	// An allocation that is not wanted any more may still be granted: it has a
	// moment to come, so that it can be given back, before it is given up.
	guard := panics.Guard{Log: d.Log}
	giveUp := guard.WhenDone(ctx, func() {
		guard.After(relayGrace, func() {
			client.Close()
			lower.Close()
		})
	})
	guard.Go(func() { pump(client, lower, guard) })
	relayed, err := client.Allocate()
	if err != nil && strings.Contains(err.Error(), "error response") {
		err = fmt.Errorf("%w: %w", ErrRelayRefused, err)
	}
	if !giveUp() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if relayed != nil {
			relayed.Close() // it came too late; its timers would run for ever
		}
		client.Close()
		lower.Close()
		return nil, err
	}
	d.Log.Debug("allocated on a relay", "server", server.URL, "address", relayed.LocalAddr())
	return newRelay(client, lower, relayed, guard, d.Pacer), nil
}

// pump gives a TURN client what its server sends, until lower is closed. The
// client's own loop would end for good at the first packet that it cannot read,
// from anybody.
func pump(client *turn.Client, lower net.PacketConn, guard panics.Guard) {
	server := hosts.AddrPort(client.TURNServerAddr()) // the zero value on a stream, which has one sender
	buffer := make([]byte, 2048)
	for {
		n, from, err := lower.ReadFrom(buffer)
		if err != nil {
			return
		}
		if source := hosts.AddrPort(from); !source.IsValid() || source == server {
			guard.Run(func() { client.HandleInbound(buffer[:n], from) })
		}
	}
}

// dialStream opens the transport below TURN, TCP or TLS, to the holder of the pinned
// key if there is a pin.
func (d RelayDialer) dialStream(ctx context.Context, uri *stun.URI, host, pin string) (net.PacketConn, error) {
	dial := func() (net.Conn, error) { return d.Net.Dial(ctx, host) }
	if uri.Scheme == stun.SchemeTypeTURNS {
		config := &tls.Config{}
		if d.TLS != nil {
			config = d.TLS.Clone()
		}
		config.ServerName = uri.Host
		if pin != "" {
			ident.PinTLS(config, pin)
		}
		plain := dial
		dial = func() (net.Conn, error) { return ident.DialTLS(ctx, plain, config, "stun.turn") } // RFC 7443
	}
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	return turn.NewSTUNConn(newTURNStream(conn, panics.Guard{Log: d.Log})), nil
}

func newRelay(client *turn.Client, lower, relayed net.PacketConn, guard panics.Guard, pacer *pacer) *Relay {
	r := &Relay{
		Address:     hosts.AddrPort(relayed.LocalAddr()),
		client:      client,
		lower:       lower,
		relayed:     relayed,
		permissions: make(map[netip.Addr]bool),
		expected:    make(map[netip.Addr]time.Time),
		permit:      func(a net.Addr) error { return client.CreatePermission(a) },
		done:        make(chan struct{}),
		guard:       guard,
		asking:      panics.Group{Guard: guard},
	}
	r.Mux = NewSTUNMux(guard, r.writeTo, []net.Addr{net.UDPAddrFromAddrPort(r.Address)}, pacer)
	r.Mux.relayed = true
	guard.Go(r.read)
	return r
}

// read runs until close.
func (r *Relay) read() {
	defer close(r.done)
	buffer := make([]byte, 2048)
	for {
		n, from, err := r.relayed.ReadFrom(buffer)
		if err != nil {
			return
		}
		r.guard.Run(func() { r.deliver(buffer[:n], hosts.AddrPort(from)) })
	}
}

func (r *Relay) deliver(p []byte, from netip.AddrPort) {
	if isSTUN(p) {
		r.Mux.Deliver(p, from)
	} else if conn := r.conn.Load(); conn != nil && len(p) > 0 {
		conn.push(p, from)
	}
}

// Carry makes the relay the one that conn's packets go through, to peer or, if
// that is the zero value, to where QUIC says.
func (r *Relay) Carry(conn *SideConn, peer netip.AddrPort) {
	r.conn.Store(conn)
	conn.route.Store(&sideRoute{relay: r, peer: peer})
}

// writeTo sends through the relay. The first packet to an IP address asks for
// a permission, which takes a round trip and must hold nobody up; packets until
// then are lost.
func (r *Relay) writeTo(p []byte, to netip.AddrPort) error {
	r.mu.Lock()
	permitted, known := r.permissions[to.Addr()]
	if !known && !r.closed && len(r.permissions) < maxPermissions {
		r.permissions[to.Addr()] = false
		first := append([]byte(nil), p...)
		r.asking.Go(func() { r.open(first, to) })
	}
	r.mu.Unlock()
	if permitted {
		r.relayed.WriteTo(p, net.UDPAddrFromAddrPort(to)) // lost if it fails, as on any network
	}
	return nil
}

// permissionTime is a little less than a permission lasts (RFC 8656, section 9).
const permissionTime = 4 * time.Minute

// Expect lets packets of a host in, for five minutes. Nothing is sent to it: it may have got
// all the checks that a host gets before the relay was there.
func (r *Relay) Expect(from netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(r.expected, func(_ netip.Addr, until time.Time) bool { return !until.After(now) })
	if _, known := r.expected[from]; known || r.closed || len(r.expected) >= maxPermissions {
		return
	}
	r.expected[from] = now.Add(permissionTime)
	r.asking.Go(func() {
		if r.permit(net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 1))) != nil {
			r.mu.Lock()
			delete(r.expected, from)
			r.mu.Unlock()
		}
	})
}

func (r *Relay) open(first []byte, to netip.AddrPort) {
	err := error(codes.ErrInternal)
	defer func() { r.permitted(to.Addr(), err) }()
	_, err = r.relayed.WriteTo(first, net.UDPAddrFromAddrPort(to))
}

// permitted notes what has become of a permission.
func (r *Relay) permitted(to netip.Addr, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		delete(r.permissions, to) // the next packet asks again
		return
	}
	r.permissions[to] = true
}

// Close gives the allocation back.
func (r *Relay) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.relayed.Close() // asks the server to end the allocation
	r.client.Close()
	r.lower.Close()
	r.asking.Wait()
	<-r.done
}
