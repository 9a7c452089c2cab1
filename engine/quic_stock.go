//go:build !thingp2p_quic

package engine

// quicBuild says which QUIC library this is: quic-go as it is. A session whose
// path dies while it sends as fast as it can may then not find another, since
// quic-go does not probe paths while its congestion window is full.
const quicBuild = "quic-go as it is"
