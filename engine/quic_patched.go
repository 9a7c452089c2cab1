//go:build thingp2p_quic

package engine

import "github.com/quic-go/quic-go"

// quicBuild says which QUIC library this is: the project's own build of
// quic-go, see cmd/patchquic.
const quicBuild = "quic-go with changes"

// Only that build has this.
var _ = quic.ThingP2P

// bandwidth is what the path carries in bit/s, as far as a loss-based
// controller knows; 0 if it does not know yet.
func (c *quicConn) bandwidth() uint64 {
	stats := c.ConnectionStats()
	if stats.SmoothedRTT <= 0 {
		return 0
	}
	return uint64(float64(stats.CongestionWindow) * 8 / stats.SmoothedRTT.Seconds())
}
