package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/frames"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"

	"github.com/quic-go/quic-go"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// quicTransport is QUIC over one packet conn.
type quicTransport struct{ *quic.Transport }

func newQUICTransport(conn net.PacketConn, log *slog.Logger) *quicTransport {
	t := &quicTransport{&quic.Transport{
		Conn:               conn,
		ConnectionIDLength: 8, // the same for all, or a connection could not move among them

		DisableVersionNegotiationPackets: true, // who speaks another QUIC is not one of ours
	}}
	t.guard(panics.Guard{Log: log})
	return t
}

// start makes the transport read its conn, also before it is used.
func (t *quicTransport) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := t.ReadNonQUICPacket(ctx, nil)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Receive windows. They start small, so that a peer cannot make an idle session
// expensive, and QUIC doubles them while the reader keeps up. The connection's
// window covers all streams' largest: a channel that nobody reads must never
// use up what the others need.
const (
	firstStreamWindow = 64 << 10
	maxStreamWindow   = 6 << 20
	connectionWindow  = (Channels + 1) * maxStreamWindow
)

// mostStreams is how many streams a peer may have open that sends frames on so many channels: one for each channel, and
// what each that carries frames has credit for, with the one that its sender keeps for the next. Of what none of them has
// read, the connection's window has room for all: less than maxStreamWindow for each channel.
func mostStreams(live int) uint64 { return Channels + uint64(live)*(frames.Credit+1) }

const _ = uint(maxStreamWindow - (frames.Credit+1)*firstStreamWindow)

// handshakeTimeout is how long a handshake may hear nothing before it is tried
// anew.
const handshakeTimeout = 3 * time.Second

// firstPacketSize is what each path carries that carries QUIC (RFC 9000, section 14). More
// is found out later (RFC 8899): with larger first packets there would be no connection
// through a tunnel that drops them without a word.
const firstPacketSize = 1200

func quicConfig(offlineAfter time.Duration, app bool) *quic.Config {
	config := &quic.Config{
		HandshakeIdleTimeout:           handshakeTimeout,
		InitialPacketSize:              firstPacketSize,
		MaxIdleTimeout:                 2 * offlineAfter, // a net below the session's own watch
		InitialStreamReceiveWindow:     firstStreamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connectionWindow,
		MaxConnectionReceiveWindow:     connectionWindow,
		MaxIncomingStreams:             1, // for control
		MaxIncomingUniStreams:          firstStreams,
	}
	if app {
		config.MaxIncomingStreams = -1
		config.KeepAlivePeriod = keepAlivePeriod(offlineAfter)
	}
	return config
}

// quicConn is a session's QUIC connection.
type quicConn struct{ *quic.Conn }

// quicPath is a path that a connection may take, from one of its transports.
type quicPath struct{ *quic.Path }

func (t *quicTransport) dial(ctx context.Context, to netip.AddrPort, config *tls.Config, offlineAfter time.Duration) (*quicConn, error) {
	conn, err := t.Dial(ctx, net.UDPAddrFromAddrPort(to), config, quicConfig(offlineAfter, true))
	if err != nil {
		return nil, dialError(ctx, err)
	}
	return &quicConn{conn}, nil
}

// dialError says what a failed handshake means.
func dialError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if fault, ok := errors.AsType[*panics.Error](err); ok {
		return codes.Because(ErrInternal, fault)
	}
	if errors.Is(err, keys.ErrWrongKey) {
		return codes.Because(ErrAuth, err)
	}
	transport, ok := errors.AsType[*quic.TransportError](err)
	switch {
	case ok && transport.Remote && transport.ErrorCode == noPassError:
		return codes.Because(ErrTimeout, keys.ErrNoPass)
	case ok && transport.ErrorCode.IsCryptoError():
		return codes.Because(ErrHandshake, err)
	}
	return codes.Because(ErrTimeout, err)
}

// noPassError is what a device says that does not take a pass: the alert
// internal_error (RFC 8446, section 6.2; RFC 9001, section 4.8).
const noPassError quic.TransportErrorCode = 0x100 + 80

// serve accepts connections until the transport is closed. Its goroutines, one
// of them for each handle that runs, are counted in workers.
func (t *quicTransport) serve(config *tls.Config, offlineAfter time.Duration, shakes *gate.Handshakes, workers *panics.Group, handle func(*quicConn)) error {
	t.VerifySourceAddress = func(net.Addr) bool {
		defer workers.Recover()
		return shakes.Busy()
	}
	t.ConnContext = func(ctx context.Context, client *quic.ClientInfo) (_ context.Context, err error) {
		defer workers.RecoverTo(&err)
		return shakes.Begin(ctx, client.RemoteAddr)
	}
	listener, err := t.Listen(config, quicConfig(offlineAfter, false))
	if err != nil {
		return err
	}
	workers.Go(func() {
		for {
			conn, err := listener.Accept(context.Background())
			if err != nil {
				return
			}
			shakes.Done(conn.Context())
			c := &quicConn{conn}
			handling := panics.Guard{Log: workers.Log, Failed: c.close}
			workers.Go(func() { handling.Run(func() { handle(c) }) })
		}
	})
	return nil
}

// peer returns the id that the other side has proven, and a secret that only
// the two ends of this connection know, for proofs.
func (c *quicConn) peer() (id string, binding []byte, err error) {
	state := c.ConnectionState().TLS
	if id, err = keys.PeerID(state); err != nil {
		return "", nil, err
	}
	binding, err = state.ExportKeyingMaterial("EXPORTER-thingp2p-ticket", nil, 32)
	return id, binding, err
}

// urgency orders the channels (RFC 9218): commands, audio, pass-through, video,
// playback, and the rest in turns. The control stream goes with commands.
var urgency = [Channels]int8{0: 0, 2: 1, 4: 2, 1: 3, 3: 4, 5: 5, 6: 5, 7: 5}

// openControl opens the control stream; the app does.
func (c *quicConn) openControl() (channel.Stream, error) {
	s, err := c.OpenStream()
	if err != nil {
		return nil, err
	}
	s.SetPriority(0, true)
	return s, nil
}

func (c *quicConn) acceptControl(ctx context.Context) (channel.Stream, error) {
	s, err := c.AcceptStream(ctx)
	if err != nil {
		return nil, err
	}
	s.SetPriority(0, true)
	return s, nil
}

// openChannel opens a stream for what is sent on a channel. It may have to wait until the peer has heard of the frames on
// others.
func (c *quicConn) openChannel(number int) (channel.SendStream, error) {
	s, err := c.OpenUniStreamSync(context.Background()) // ends with the connection
	if err != nil {
		return nil, err
	}
	s.SetPriority(urgency[number], true)
	return s, nil
}

// openFrame opens a stream for a frame that is sent on a channel: one behind the other.
func (c *quicConn) openFrame(number int) (frames.Stream, error) {
	s, err := c.OpenUniStreamSync(context.Background()) // ends with the connection
	if err != nil {
		return nil, err
	}
	s.SetPriority(urgency[number], false)
	if stats := c.ConnectionStats(); stats.PacketsLost > stats.PacketsSent/lossy {
		showTail(s)
	}
	return frameStream{s}, nil
}

// lossy is a path that loses more than one packet in so many: there the loss of a frame's last
// packet is worth a small one to be noticed soon.
const lossy = 100

type frameStream struct{ *quic.SendStream }

func (s frameStream) Reset(reason uint64) { s.CancelWrite(quic.StreamErrorCode(reason)) }

// resetReason is why the peer has reset a stream.
func resetReason(err error) (reason uint64, ok bool) {
	reset, ok := errors.AsType[*quic.StreamError](err)
	if !ok || !reset.Remote {
		return 0, false
	}
	return uint64(reset.ErrorCode), true
}

// addPath returns a path that leaves from a transport. It is of use once a probe has shown
// that packets pass there both ways (RFC 9000, section 9), and may be probed again if not.
// Only the app has paths. Each takes one of the few connection ids that the device has
// given, and gives it back at its end, which the device must hear of.
func (c *quicConn) addPath(from *quicTransport) (*quicPath, error) {
	path, err := c.AddPath(from.Transport)
	if err != nil {
		return nil, err
	}
	return &quicPath{path}, nil
}

// heardNothing is the reason that the peer is told when a session, or what was to become
// one, ends since nothing came from it.
const heardNothing quic.ApplicationErrorCode = 1

// noRoom is the reason that an app is told when there are too many others.
const noRoom quic.ApplicationErrorCode = 2

// closeFull ends the connection of an app for which there is no room now.
func (c *quicConn) closeFull() { c.CloseWithError(noRoom, "") }

// close ends the connection at once.
func (c *quicConn) close() { c.CloseWithError(0, "") }

// closeSilent ends a connection on which nothing comes: who was suspended for that long
// reads it when he goes on.
func (c *quicConn) closeSilent() { c.CloseWithError(heardNothing, "") }

// greetError says why a connection ended before the device's verdict. A device
// that does not accept the app's certificate shows only now: TLS 1.3 ends for
// the client first. That time was up, here or there, is no verdict, nor is that the device
// knows nothing of this connection, since it has started anew (RFC 9000, section 10.3) or given
// back the relay by which it came (section 20.1: CONNECTION_REFUSED): another try may be luckier.
func (c *quicConn) greetError(err error) error {
	transport, ok := errors.AsType[*quic.TransportError](err)
	_, reset := errors.AsType[*quic.StatelessResetError](err)
	switch {
	case ok && transport.ErrorCode.IsCryptoError():
		return codes.Because(ErrHandshake, err)
	case ok && transport.ErrorCode == quic.ConnectionRefused, reset, isTimeout(err):
		return codes.Because(ErrTimeout, err)
	case isTold(err, noRoom):
		return codes.Because(ErrDeviceFull, err)
	}
	return codes.Because(ErrRemote, err)
}

// isTimeout reports whether a connection has ended since nothing came, to either end.
func isTimeout(cause error) bool {
	_, idle := errors.AsType[*quic.IdleTimeoutError](cause)
	_, handshake := errors.AsType[*quic.HandshakeTimeoutError](cause)
	return idle || handshake || isTold(cause, heardNothing)
}

// isTold reports whether the peer has ended a connection for a reason.
func isTold(cause error, reason quic.ApplicationErrorCode) bool {
	told, ok := errors.AsType[*quic.ApplicationError](cause)
	return ok && told.Remote && told.ErrorCode == reason
}

// closeReason says why a connection has ended that nobody here closed. err is what a
// stream said, which may be before the connection does.
func (c *quicConn) closeReason(err error) Code {
	cause := errors.Join(err, context.Cause(c.Context()))
	if _, ok := errors.AsType[*panics.Error](cause); ok {
		return ErrInternal
	}
	if isTimeout(cause) {
		return ErrClosedTimeout
	}
	return ErrClosedRemote
}
