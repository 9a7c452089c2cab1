package engine

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/names"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/ident"
)

// carrier is what carries an app's session: QUIC on the endpoint's socket, or beside it.
// QUIC sees one remote address all the time, an alias.
type carrier struct {
	endpoint *endpoint
	alias    netip.AddrPort
	conn     *quicConn
	mlkemKey []byte // of the device, as its verdict says; nil: it has none

	statement string // of the device about this app, in its verdict; "": none

	active *outlet   // what conn sends on
	first  outlet    // the endpoint's socket
	beside []*outlet // of this session; made when needed
}

// outlet is a way for QUIC's packets to leave.
type outlet struct {
	quic  *quicTransport
	side  *base.SideConn // nil: the endpoint's socket, where they go to what the alias stands for
	relay *base.Relay    // in use, or nil
	path  *quicPath      // nil: none yet, or the connection's first
	taken bool           // it carries the connection, or is probed
}

// newCarrier returns one that can dial p first.
func newCarrier(e *endpoint, p paths.Found) *carrier {
	return &carrier{endpoint: e, alias: e.socket.Alias(p.Remote.Addr()), first: outlet{quic: e.quic}}
}

// lead makes packets go along a path from an outlet that is not in use: over r if the path
// starts at a relay of ours, which the carrier owns from then on.
func (c *carrier) lead(p paths.Found, r *base.Relay) *outlet {
	socket, o := c.endpoint.socket, &c.first
	if r != nil || o.taken {
		o = c.idle()
	}
	o.taken, o.relay = true, r
	switch {
	case r != nil:
		r.Carry(o.side, p.Remote)
	case o.side != nil:
		socket.Carry(o.side, p.Remote)
	default:
		socket.Bind(c.alias, p.Remote)
	}
	return o
}

// idle returns an outlet beside the socket that is not in use.
func (c *carrier) idle() *outlet {
	for _, o := range c.beside {
		if !o.taken {
			return o
		}
	}
	local := netip.AddrPortFrom(netip.IPv4Unspecified(), c.endpoint.socket.Port())
	side := base.NewSideConn(local, nil, c.endpoint.log)
	o := &outlet{quic: newQUICTransport(side.ForQUIC(c.endpoint.socket), c.endpoint.log), side: side}
	c.beside = append(c.beside, o)
	return o
}

// rest makes what is sent on an outlet be lost, and returns its relay, if it has one.
func (o *outlet) rest() *base.Relay {
	r := o.relay
	o.relay, o.taken = nil, false
	if o.side != nil {
		o.side.Detach()
	}
	return r
}

// connect dials along a path.
func (c *carrier) connect(ctx context.Context, p paths.Found, r *base.Relay, deviceID string) error {
	c.active = c.lead(p, r)
	pass := p.Pass
	if p.Straight {
		knocking, stop := context.WithCancel(ctx)
		defer stop()
		var err error
		if pass, err = c.knock(knocking, p.Remote, deviceID); err != nil {
			return codes.Because(ErrInternal, err)
		}
	}
	err := c.shakeHands(ctx, deviceID, pass)
	for _, wait := range knockTimes {
		if !p.Straight || !errors.Is(err, keys.ErrNoPass) {
			break
		}
		select { // the handshake has overtaken the knock
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		err = c.shakeHands(ctx, deviceID, pass)
	}
	return err
}

func (c *carrier) shakeHands(ctx context.Context, deviceID string, pass *gate.Secret) error {
	config, err := c.endpoint.identity.DialConfig(deviceID, pass.ServerName())
	if err != nil {
		return codes.Because(ErrInternal, err)
	}
	c.conn, err = c.active.quic.dial(ctx, c.alias, config, c.endpoint.config.OfflineAfter)
	return err
}

// knockTimes are when a knock is repeated, since it or the handshake's first packet
// may get lost.
var knockTimes = []time.Duration{60 * time.Millisecond, 200 * time.Millisecond, 600 * time.Millisecond}

// knock makes the device listen to this socket, which ICE has not told it of. The
// pass is good where the device has heard it.
func (c *carrier) knock(ctx context.Context, address netip.AddrPort, deviceID string) (*gate.Secret, error) {
	key, err := ident.SealingKey(deviceID)
	if err != nil {
		return nil, err
	}
	mark, err := markFor(c.endpoint.identity, deviceID)
	if err != nil {
		return nil, err
	}
	packet, shared, err := discovery.Knock(key, mark, time.Now())
	if err != nil {
		return nil, err
	}
	c.endpoint.socket.WriteTo(packet, address)
	c.endpoint.workers.Go(func() {
		for _, wait := range knockTimes {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
				c.endpoint.socket.WriteTo(packet, address)
			}
		}
	})
	return gate.NewSecret(shared), nil
}

// probe returns once packets of ours were answered on the path to which an outlet leads.
// Several may be probed at the same time.
func (c *carrier) probe(ctx context.Context, o *outlet) (err error) {
	if o.path == nil {
		if o.path, err = c.conn.addPath(o.quic); err != nil {
			return err
		}
	}
	return o.path.Probe(ctx)
}

// move takes the connection to a path that was probed: the device sees where packets come
// from, and follows. Round trip, bandwidth and MTU are found out anew, and what was on the
// way is sent again. The relay that it leaves, if there is one, is the caller's: packets come
// from it until it is closed.
func (c *carrier) move(to *outlet) (left *base.Relay, err error) {
	if err := to.path.Switch(); err != nil {
		return nil, err
	}
	from := c.active
	c.active = to
	if from.path != nil {
		from.path.Close()
		from.path = nil
	}
	return from.rest(), nil
}

// takeRelay makes the caller the owner of the relay.
func (c *carrier) takeRelay() *base.Relay { return c.active.rest() }

// close ends the connection and gives everything back.
func (c *carrier) close() {
	if c.conn != nil {
		c.conn.close()
	}
	for _, o := range c.beside {
		o.quic.Close()
		if o.relay != nil {
			o.relay.Close()
		}
	}
	c.endpoint.socket.Unbind(c.alias)
}

// kind says what a path is, for the user.
func (c *carrier) kind(p paths.Found) Path {
	switch {
	case p.Relayed():
		return PathRelay
	case p.Near:
		return PathLAN
	}
	return directKind(c.endpoint.config.network, p.Remote.Addr())
}

// greet says hello on a fresh connection; verdict reports that an error is what
// the device decided.
func (c *carrier) greet(ctx context.Context, h hello, secret *[names.SecretSize]byte) (control channel.Stream, verdict bool, err error) {
	return c.greetWith(ctx, nil, h, secret)
}

// park is greet, but asks for no session yet: ask does, later.
func (c *carrier) park(ctx context.Context, h hello, secret *[names.SecretSize]byte) (control channel.Stream, verdict bool, err error) {
	return c.greetWith(ctx, parkMark, h, secret)
}

func (c *carrier) greetWith(ctx context.Context, mark []byte, h hello, secret *[names.SecretSize]byte) (control channel.Stream, verdict bool, err error) {
	if control, err = c.conn.openControl(); err == nil && mark != nil {
		_, err = control.Write(mark)
	}
	if err != nil {
		return nil, false, c.greetError(ctx, err)
	}
	verdict, err = c.ask(ctx, control, h, secret)
	return control, verdict, err
}

// ask says hello on the control stream; see greet.
func (c *carrier) ask(ctx context.Context, control channel.Stream, h hello, secret *[names.SecretSize]byte) (verdict bool, err error) {
	stop := c.endpoint.workers.WhenDone(ctx, c.conn.close)
	defer stop()
	if secret != nil {
		_, binding, err := c.conn.peer()
		if err != nil {
			return false, codes.Because(ErrHandshake, err)
		}
		h.Proof = names.ProveSecret(*secret, binding)
	}
	if err = writeHello(control, h); err != nil {
		return false, c.greetError(ctx, err)
	}
	v, err := readVerdict(control)
	if err != nil {
		return false, c.greetError(ctx, err)
	}
	if v.Code != OK {
		return true, v.Code
	}
	c.mlkemKey, c.statement = v.MLKEM, v.Statement
	return false, nil
}

func (c *carrier) greetError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.conn.greetError(err)
}
