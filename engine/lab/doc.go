// Package lab builds small internets out of Linux network namespaces, for tests
// and benchmarks that start real programs in them. It needs root, iproute2 and
// nftables; see Need.
//
//	          +--------- package emulator, in this process ----------+
//	          |   links with delay, jitter, loss, rate, queue, MTU   |
//	          +--TUN----------------TUN-----------------------TUN----+
//	              |                  |                         |
//	 namespace    |     namespace    |            namespace    |
//	+-----------wan0--+  +---------wan0---------+  +---------wan0---------+
//	| PublicHost      |  | NAT "home-a"         |  | NAT "home-b"         |
//	| 203.0.113.1     |  | 198.51.100.1         |  | 198.51.100.2         |
//	+-----------------+  | nftables, kernel NAT |  | nftables, kernel NAT |
//	                     | 10.1.0.1 on br0      |  | 10.2.0.1 on br0      |
//	                     +---veth-------veth----+  +---------veth---------+
//	                          |          |                    |
//	                     +--lan0---+ +--lan0---+         +--lan0---+
//	                     | Host    | | Host    |         | Host    |
//	                     | 10.1.0.2| | 10.1.0.3|         | 10.2.0.2|
//	                     +---------+ +---------+         +---------+
//
// Each attachment to the internet (a public host or a NAT router) has one link up
// and one down; a packet passes the sender's up link and the receiver's down link.
// With 10 ms on both homes and 0 on the server, the round trip is 40 ms from home
// to home and 20 ms to the server.
//
//	net := lab.New(t, lab.Options{Seed: 1})
//	server := net.PublicHost("server", lab.Link{})
//	home := net.NAT("home-a", lab.PortRestricted, lab.Link{Delay: 10 * time.Millisecond})
//	app := home.Host("app")
//	out, err := app.Command("./app", "-server", server.IP().String()).CombinedOutput()
//
// Nothing is created in the caller's own namespace, so any number of labs can be
// up at once, in one process or in several. All of it goes away with the test: the
// TUN devices when the process ends, however it ends, and the namespaces at its
// end, or else, if it was killed, when the next lab starts.
package lab
