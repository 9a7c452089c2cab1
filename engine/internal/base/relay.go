package base

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun"
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
	client  *turn.Client
	lower   net.PacketConn           // to the TURN server
	relayed net.PacketConn           // from turn.Client
	conn    atomic.Pointer[SideConn] // takes what is not STUN
	done    chan struct{}
	guard   panics.Guard

	mu          sync.Mutex
	closed      bool
	permissions map[netip.Addr]bool // true: installed; false: asked for
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
	errNotTURN       = errors.New("the server names a relay whose address is not like turn:example.org:3478: its operator has to change it")
)

// RelayDialer allocates relays.
type RelayDialer struct {
	Net   hosts.Network
	TLS   *tls.Config
	Pacer *pacer
	Log   *slog.Logger
}

// allocated is what has become of an attempt on one server.
type allocated struct {
	relay *Relay
	err   error
}

// Allocate returns the first allocation that one of the servers grants, trying
// them in their order with a head start for each.
func (d RelayDialer) Allocate(ctx context.Context, servers []signal.TURNServer, headStart time.Duration) (*Relay, error) {
	if len(servers) == 0 {
		return nil, ErrNoRelayServer
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan allocated)
	running := 0
	launch := func() {
		server := servers[0]
		servers = servers[1:]
		running++
		panics.Guard{Log: d.Log}.Go(func() { d.tellOf(ctx, server, results) })
	}
	launch()
	var winner *Relay
	var failures []error
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	for running > 0 {
		more := len(servers) > 0 && winner == nil && ctx.Err() == nil
		select {
		case <-timer.C:
			if more {
				launch()
				timer.Reset(headStart)
			}
		case r := <-results:
			running--
			switch {
			case r.err != nil:
				failures = append(failures, r.err)
				if more {
					launch()
				}
			case winner == nil:
				winner = r.relay
				cancel()
			default:
				r.relay.Close()
			}
		}
	}
	if winner == nil {
		return nil, errors.Join(failures...)
	}
	return winner, nil
}

// tellOf allocates on one server, and tells results in any case.
func (d RelayDialer) tellOf(ctx context.Context, server signal.TURNServer, results chan<- allocated) {
	r := allocated{err: codes.ErrInternal}
	defer func() { results <- r }()
	r.relay, r.err = d.allocateOn(ctx, server)
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
	lower, err := d.dialServer(ctx, uri, host, server.Pin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server.URL, err)
	}
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: host,
		TURNServerAddr: host,
		Username:       server.Username,
		Password:       server.Credential,
		Conn:           lower,
		Net:            d.Net.Pion(),
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
	if !giveUp() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if relayed != nil {
			relayed.Close() // it came too late; its timers would run for ever
		}
		client.Close()
		lower.Close()
		return nil, fmt.Errorf("%s: %w", server.URL, err)
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

// dialServer opens the transport below TURN: UDP, TCP or TLS, to the holder of the
// pinned key if there is a pin.
func (d RelayDialer) dialServer(ctx context.Context, uri *stun.URI, host, pin string) (net.PacketConn, error) {
	if uri.Proto == stun.ProtoTypeUDP && uri.Scheme == stun.SchemeTypeTURN {
		return d.Net.Listen(0)
	}
	conn, err := d.Net.Dial(ctx, host)
	if err != nil {
		return nil, err
	}
	if uri.Scheme == stun.SchemeTypeTURNS {
		config := &tls.Config{}
		if d.TLS != nil {
			config = d.TLS.Clone()
		}
		config.ServerName = uri.Host
		if pin != "" {
			ident.PinTLS(config, pin)
		}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	return turn.NewSTUNConn(conn), nil
}

func newRelay(client *turn.Client, lower, relayed net.PacketConn, guard panics.Guard, pacer *pacer) *Relay {
	r := &Relay{
		Address:     hosts.AddrPort(relayed.LocalAddr()),
		client:      client,
		lower:       lower,
		relayed:     relayed,
		permissions: make(map[netip.Addr]bool),
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
		r.asking.Go(func() { r.permit(first, to) })
	}
	r.mu.Unlock()
	if permitted {
		r.relayed.WriteTo(p, net.UDPAddrFromAddrPort(to)) // lost if it fails, as on any network
	}
	return nil
}

func (r *Relay) permit(first []byte, to netip.AddrPort) {
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
