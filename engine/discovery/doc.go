// Package discovery finds a device in the local network by its key. The app asks,
// the device answers; a device never announces itself.
//
// A query is one UDP datagram to port 47474, by broadcast and by multicast to
// 239.255.116.112 and ff12::7432:7032, on each interface:
//
//	0x20 | encapsulated key, 32 bytes | mark, 8 bytes | sealed: time, 8 bytes | tag, 16 bytes
//
// It is sealed to the device's key by HPKE (RFC 9180, base mode, X25519; the mark is
// authenticated with it), so only that device can tell whom it is for: to everybody
// else, those who know the device's id included, it is noise.
//
// The time, in milliseconds of Unix time, and a memory of what was answered keep a
// recorded query from being an instrument to recognise the device by later. A device
// answers a query for two seconds, and never after that: none that was made 14 hours
// ago, before the device had started, or before what it has answered and forgotten,
// by its own clock if that was ever set. Apps ask anew each time, first after 50 ms
// and at last each second. What is lost by that: an app whose clock is behind that
// of the device finds it only once the device has run for that long; and, at a
// device that answers more than 4096 queries in that time, not at all. The same
// holds for knocks.
//
// The mark tells the device that the query is of an app that is paired with it,
// before it spends time on it: it is the beginning of the AES encryption of the first
// half of the encapsulated key, by a key that both derive from their ids' keys
// (ident.Pairwise). Who has neither key cannot tell it from noise, which other apps
// put there; who steals one can tell which recorded queries were marked with it. So
// a device with a flood of queries opens those of its apps first. It does not send
// cookies, as WireGuard does to who floods: they would be answers to who knows
// nothing of the device, and show that one is there.
//
// The answer comes by unicast from the address and port at which the device takes
// QUIC connections:
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
