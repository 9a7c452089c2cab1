//go:build thingp2p_quic

package engine

import "github.com/quic-go/quic-go"

// quicBuild says which QUIC library this is: the project's own build of
// quic-go, see cmd/patchquic.
const quicBuild = "quic-go with changes"

// Only that build has this.
var _ = quic.ThingP2P
