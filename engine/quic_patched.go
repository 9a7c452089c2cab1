//go:build thingp2p_quic

package engine

import (
	"github.com/quic-go/quic-go"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// quicBuild says which QUIC library this is, and which congestion control it
// has: the project's own build of quic-go, see cmd/patchquic.
const quicBuild = "quic-go with engine/congestion"

// Only that build has this.
var _ = quic.ThingP2P

// bandwidth is what the path carries in bit/s; 0 if it is not known yet.
func (c *quicConn) bandwidth() uint64 { return c.ThingP2PBandwidth() }

// answered grows whenever the peer shows that packets of ours have reached it.
func (c *quicConn) answered() uint64 { return c.ThingP2PAnswered() }

// unproven reports whether packets of the size that QUIC needs wait for their answer.
func (c *quicConn) unproven() bool { return c.ThingP2PUnproven() }

// ask makes the peer acknowledge something, also while the path's window is full.
func (c *quicConn) ask(channel.Stream) { c.ThingP2PAsk() }

// whenReadable calls f in a goroutine of its own, once, when there is something
// to read from a control stream. A goroutine that waited for it would cost more
// than the stream.
func (c *quicConn) whenReadable(g panics.Guard, control channel.Stream, f func()) {
	control.(*quic.Stream).ThingP2PWhenReadable(func() {
		defer g.Recover()
		f()
	})
}

// whenOpened calls f, in a goroutine of its own, with each stream that the peer
// opens for a channel, when there is something to read from it.
func (c *quicConn) whenOpened(g panics.Guard, f func(channel.ReceiveStream)) {
	c.ThingP2PWhenOpened(func(in *quic.ReceiveStream) {
		defer g.Recover()
		f(in)
	})
}

// firstStreams is how many streams a peer may open until it is known to send frames.
const firstStreams = Channels

// allowFrames lets the peer send frames on so many channels.
func (c *quicConn) allowFrames(live int) { c.ThingP2PAllowUniStreams(mostStreams(live)) }

func showTail(s *quic.SendStream) { s.ThingP2PShowTail() }

// Delivered reports whether the peer has acknowledged all of a stream that has ended.
func (s frameStream) Delivered() bool { return s.ThingP2PDelivered() }

func (s frameStream) Left() bool { return s.ThingP2PLeft() }

func (s frameStream) Held() bool { return s.ThingP2PHeld() }

// whenMoved calls f, which must not block, whenever a device's end has followed the app to another path.
func (c *quicConn) whenMoved(_ panics.Guard, f func()) { c.ThingP2PWhenMoved(f) }

// forgetPeer gives up what peer returns.
func (c *quicConn) forgetPeer() { c.ThingP2PForgetPeer() }

// guard is for panics in goroutines of the transport's own. One in a connection's
// ends the connection, and is the reason why.
func (t *quicTransport) guard(g panics.Guard) { t.ThingP2PGuard = g }
