//go:build !thingp2p_quic

package engine

import (
	"context"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/thingp2p/libthingp2p/engine/internal/channel"
	"github.com/thingp2p/libthingp2p/engine/internal/frames"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// quicBuild says which QUIC library this is: quic-go as it is, with Reno. Loss
// then costs much speed, commands wait behind video in deep queues, and a
// session whose path dies while it sends as fast as it can may not find another,
// since quic-go does not probe paths while its congestion window is full.
const quicBuild = "quic-go with its own Reno"

// bandwidth is what the path carries in bit/s, as far as a loss-based
// controller knows; 0 if it does not know yet.
func (c *quicConn) bandwidth() uint64 {
	stats := c.ConnectionStats()
	if stats.SmoothedRTT <= 0 {
		return 0
	}
	return uint64(float64(stats.CongestionWindow) * 8 / stats.SmoothedRTT.Seconds())
}

// answered grows whenever a packet comes, since this library does not count
// acknowledgements. A path that is dead in the other direction goes unnoticed.
func (c *quicConn) answered() uint64 { return c.ConnectionStats().PacketsReceived }

// unproven is not known either.
func (c *quicConn) unproven() bool { return false }

// ask makes the peer acknowledge something, once the path's window has room.
func (c *quicConn) ask(control channel.Stream) { ping(control) }

// whenReadable calls f in a goroutine of its own, which may have to wait until
// there is something to read.
func (c *quicConn) whenReadable(g panics.Guard, _ channel.Stream, f func()) { g.Go(f) }

// whenOpened calls f, in a goroutine of its own, with each stream that the peer
// opens for a channel. It may have to wait for the first byte; QUIC bounds how
// many streams there are.
func (c *quicConn) whenOpened(g panics.Guard, f func(channel.ReceiveStream)) {
	g.Go(func() {
		for {
			in, err := c.AcceptUniStream(context.Background()) // ends with the connection
			if err != nil {
				return
			}
			g.Go(func() { f(in) })
		}
	})
}

// firstStreams allows frames from the beginning, since it cannot be changed later.
const firstStreams = Channels + Channels*(frames.Credit+1)

func (c *quicConn) allowFrames(int) {}

func showTail(*quic.SendStream) {}

// Delivered believes it: this library does not say. What is lost is repeated until it is there,
// however late.
func (s frameStream) Delivered() bool { return true }

func (s frameStream) Left() bool { return true }

// Held is not known either.
func (s frameStream) Held() bool { return false }

// whenMoved calls f, which must not block, when a device's end has followed the app to another address. This library does
// not tell: a goroutine looks.
func (c *quicConn) whenMoved(g panics.Guard, f func()) {
	g.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for last := c.RemoteAddr().String(); ; {
			select {
			case <-ticker.C:
			case <-c.Context().Done():
				return
			}
			if now := c.RemoteAddr().String(); now != last {
				last = now
				f()
			}
		}
	})
}

// forgetPeer cannot do anything here: TLS keeps what it knows of the peer.
func (c *quicConn) forgetPeer() {}

// guard cannot do anything here: a panic inside quic-go ends the process.
func (t *quicTransport) guard(panics.Guard) {}
