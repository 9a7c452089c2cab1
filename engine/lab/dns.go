//go:build linux

package lab

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// resolverDir is where `ip netns exec` finds the files that a namespace has in place of those
// in /etc (ip-netns(8)).
const resolverDir = "/etc/netns"

// Resolvers says which DNS servers the programs ask that are started on the host from now on,
// in their order. Where there is none at an address, packets are lost, and who asks waits.
func (h *Host) Resolvers(addresses ...netip.Addr) {
	h.net.tb.Helper()
	var text strings.Builder
	for _, a := range addresses {
		text.WriteString("nameserver " + a.String() + "\n")
	}
	dir := filepath.Join(resolverDir, h.ns.name)
	h.net.check(os.MkdirAll(dir, 0o755))
	h.net.check(os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte(text.String()), 0o644))
}

// DNS is a DNS server that knows some names, and that the others do not exist.
type DNS struct {
	conn  net.PacketConn
	nat64 func(netip.Addr) netip.Addr // nil: it is an ordinary one

	mu    sync.Mutex
	names map[string][]netip.Addr
}

// DNS starts one on the host.
func (h *Host) DNS() *DNS {
	h.net.tb.Helper()
	return h.net.dns(h.ns, nil)
}

func (n *Net) dns(ns *namespace, nat64 func(netip.Addr) netip.Addr) *DNS {
	n.tb.Helper()
	d := &DNS{nat64: nat64, names: make(map[string][]netip.Addr)}
	var err error
	n.check(ns.do(func() { d.conn, err = net.ListenPacket("udp", ":53") }))
	n.check(err)
	n.closers = append(n.closers, func() { d.conn.Close() })
	n.readers.Go(d.serve)
	return d
}

// Set makes a name have these addresses from now on.
func (d *DNS) Set(name string, addresses ...netip.Addr) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names[name+"."] = addresses
}

func (d *DNS) serve() {
	buffer := make([]byte, 1500)
	for {
		n, from, err := d.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buffer[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		answer := d.answer(question.Questions[0])
		answer.ID, answer.Questions = question.ID, question.Questions
		if packed, err := answer.Pack(); err == nil {
			d.conn.WriteTo(packed, from)
		}
	}
}

func (d *DNS) answer(q dnsmessage.Question) (m dnsmessage.Message) {
	m.Header = dnsmessage.Header{Response: true, RecursionAvailable: true}
	d.mu.Lock()
	addresses, known := d.names[q.Name.String()]
	d.mu.Unlock()
	if !known {
		m.RCode = dnsmessage.RCodeNameError
		return m
	}
	for _, a := range addresses {
		if d.nat64 != nil && a.Is4() && q.Type == dnsmessage.TypeAAAA {
			a = d.nat64(a)
		}
		r := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			r.Body = &dnsmessage.AResource{A: a.As4()}
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			r.Body = &dnsmessage.AAAAResource{AAAA: a.As16()}
		default:
			continue
		}
		m.Answers = append(m.Answers, r)
	}
	return m
}
