// Package paths finds paths between an app and a device: each side tells the other,
// through the server, its addresses (candidates), and ICE agents (RFC 8445) try which
// pairs of them work. QUIC then runs on a base itself, and the agents go.
//
//	app                       server                      device
//	 ├─ offer ────────────────────►──────────────────────────►┤
//	 ├◄─────────────────────────────◄──────────── answer ─────┤
//	 ├◄─ candidates that come later, either way ─────────────►┤
//	 ├◄═ checks, one at a time, from each base to each ══════►┤
//	 └─ Found: an address of the peer that answers ───────────┘
//
// A Negotiation is one attempt; its lanes are the pairs of bases, each with an agent.
// Reach says which addresses a peer may have at all.
package paths
