// Package base has that from which an endpoint's packets leave: its UDP socket, and
// relays (TURN allocations, RFC 8656). RFC 8445 calls the address of each a base.
//
//	          STUN ──► STUNMux ──► ICE agents, questions to STUN servers
//	Socket ─┤                                  ▲
//	          QUIC ──► quic.Transport          │ each check in its turn: Pacer, Checks
//	                                           ▼
//	Relay ──┬ STUN ──► STUNMux ──► ICE agents
//	        └ QUIC ──► SideConn ──► quic.Transport
//
// Both tell STUN from QUIC by the first bits of a packet (RFC 9443). On a device they
// also keep out packets that begin a connection, of those who are not expected
// (Visitors).
package base
