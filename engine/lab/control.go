//go:build linux

package lab

import "fmt"

// Attached is a *Host or a *NAT. A host behind a NAT stands for its NAT: what is
// done to the link or the address is done to that of the whole LAN.
type Attached interface{ attached() *attachment }

// SetLink changes both directions of a link for packets to come; those on the way
// keep their time.
func (n *Net) SetLink(a Attached, up, down Link) { a.attached().port.SetLinks(up, down) }

// Block drops everything between two public addresses, in both directions, until
// Unblock. Both still reach everyone else.
func (n *Net) Block(a, b Attached) { n.emulator.Block(a.attached().port, b.attached().port) }

// BlockFrom drops everything from a's public address to b's, until Unblock.
func (n *Net) BlockFrom(a, b Attached) { n.emulator.BlockFrom(a.attached().port, b.attached().port) }

// Unblock undoes Block and BlockFrom.
func (n *Net) Unblock(a, b Attached) { n.emulator.Unblock(a.attached().port, b.attached().port) }

// BlockUDP drops all UDP between a's public address and the internet, or stops
// doing so. TCP passes, and so does everything on the LAN.
func (n *Net) BlockUDP(a Attached, on bool) { a.attached().port.BlockUDP(on) }

// Stats returns the counters of a link's two directions.
func (n *Net) Stats(a Attached) (up, down Counters) { return a.attached().port.Stats() }

// FlushBindings makes the router forget all its mappings, as after a restart. A
// cone maps the same private port to the same public one again as soon as the
// host sends; until then nobody is let in.
func (r *NAT) FlushBindings() {
	r.net.tb.Helper()
	r.net.check(firstError(r.ns.nft("flush map ip lab bindings"), flushConntrack(r.ns)))
}

// Carry makes the router carry IP packets of mtu bytes at most between its LAN and the
// internet, either way. It tells who sends larger ones that may not be cut, as it has to,
// or not, as many do.
func (r *NAT) Carry(mtu int, tells bool) {
	r.net.tb.Helper()
	verdict := "accept"
	if !tells {
		verdict = "drop"
	}
	r.net.check(r.ns.nft(`
table ip mtu
delete table ip mtu
table ip mtu {
	chain output {
		type filter hook output priority filter
		icmp type destination-unreachable icmp code frag-needed ` + verdict + `
	}
}
`))
	r.net.check(r.ns.ip(fmt.Sprintf("link set br0 mtu %d", mtu), fmt.Sprintf("link set %s mtu %d", wanInterface, mtu)))
}

// Carry makes the host's own interface carry packets of mtu bytes at most. The system
// refuses to send larger ones, and drops those that come.
func (h *Host) Carry(mtu int) {
	h.net.tb.Helper()
	h.net.check(h.ns.ip(fmt.Sprintf("link set lan0 mtu %d", mtu)))
}

// Renumber gives the router another public address, as after a reconnect to the
// provider, and forgets all mappings. Packets to the old address are lost.
func (r *NAT) Renumber() {
	r.net.tb.Helper()
	r.addr = r.net.nextNATAddress()
	r.attachment.port.SetAddresses(r.addr)
	r.net.check(r.attachment.address(r.addr))
	r.FlushBindings()
}
