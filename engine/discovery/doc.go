// Package discovery finds a device in the local network by its key. The app asks,
// the device answers; a device never announces itself.
//
// A query is one UDP datagram to port 47474, by broadcast and by multicast to
// 239.255.116.112 and ff12::7432:7032, on each interface:
//
//	0x20 | encapsulated key, 32 bytes | sealed: time, 8 bytes | tag, 16 bytes
//
// It is sealed to the device's key by HPKE (RFC 9180, base mode, X25519), so only
// that device can tell whom it is for: to everybody else, those who know the
// device's id included, it is noise. The time keeps a recorded query from being
// an instrument to recognise the device by later. The answer comes by unicast
// from the address and port at which the device takes QUIC connections:
//
//	0x21 | the query's first 8 bytes of encapsulated key | proof, 24 bytes
//
// The proof is exported from the query's HPKE context (RFC 9180, section 5.3):
// nobody but the holder of the device's key and the asker knows it. It is shorter
// than the query, so answers amplify nothing. What it proves is that the device
// got the query, not where it is: whoever dials the address must authenticate
// the device there.
//
// The first byte tells both from STUN and QUIC (RFC 9443, section 3): they may
// share a socket with them.
package discovery
