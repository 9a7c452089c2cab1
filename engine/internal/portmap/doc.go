// Package portmap asks the NAT before this host to let others in at a port of its own:
// two hosts behind NATs of which neither can be punched through then need no relay, if
// one of the NATs does.
//
//	host                             NAT
//	 ├─ map my port for 20 min ────────►│   PCP (RFC 6887), NAT-PMP (RFC 6886), or, if it
//	 │◄──────── address, port, lifetime ┤   hears neither, UPnP (WANIPConnection:1)
//	 ├─ again at half of that ─────────►│
//	 └─ for 0 min, at the end ─────────►│
//
// Anybody near may speak for the NAT, so what it says is believed only as far as it does no
// harm: it must be the address from which the host was seen in the internet, and then it is
// one candidate more.
package portmap
