//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/emulator"
)

// attachment is a namespace's connection to the internet.
type attachment struct {
	name string
	ns   *namespace
	tun  *os.File
	port *emulator.Port
}

// attach gives a namespace the interface wan0 with public addresses and a default
// route, and both directions of it the given link.
func (n *Net) attach(name string, ns *namespace, link Link, addrs ...netip.Addr) *attachment {
	n.tb.Helper()
	tun, err := openTUN(ns)
	n.check(err)
	a := &attachment{name: name, ns: ns, tun: tun}
	// The links are what limits, not the device: its queue is long enough for the
	// bursts of senders that know of no limit.
	n.check(ns.ip(fmt.Sprintf("link set %s mtu %d txqueuelen 10000 up", wanInterface, emulator.MTU)))
	n.check(a.address(addrs...))
	a.port = n.emulator.Attach(name, link, link, func(packet []byte) {
		tun.Write(packet) // fails when the device is gone or the packet is malformed: lost, as on any wire
	}, addrs...)
	n.attachments = append(n.attachments, a)
	n.readers.Go(a.read)
	return a
}

// address replaces the addresses of wan0.
func (a *attachment) address(addrs ...netip.Addr) error {
	lines := []string{"addr flush dev " + wanInterface}
	for _, addr := range addrs {
		if addr.Is6() { // no other address can be a duplicate, and the check would take a second
			lines = append(lines,
				fmt.Sprintf("addr add %s/128 dev %s nodad", addr, wanInterface),
				"route replace ::/0 dev "+wanInterface)
			continue
		}
		lines = append(lines,
			fmt.Sprintf("addr add %s/32 dev %s", addr, wanInterface),
			"route replace default dev "+wanInterface)
	}
	if err := a.ns.ip(lines...); err != nil {
		return err
	}
	for _, addr := range addrs {
		if addr.Is6() {
			if err := a.ns.receives(addr); err != nil {
				return err
			}
		}
	}
	return nil
}

// receives returns once a packet to a new IPv6 address arrives: the kernel makes the
// route for it in its own time, and drops what comes before.
func (ns *namespace) receives(addr netip.Addr) (err error) {
	nsErr := ns.do(func() {
		var conn *net.UDPConn
		if conn, err = net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0))); err != nil {
			return
		}
		defer conn.Close()
		self := conn.LocalAddr().(*net.UDPAddr).AddrPort()
		for range 10_000 {
			conn.WriteToUDPAddrPort([]byte("?"), self)
			conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			if _, _, err = conn.ReadFromUDPAddrPort(make([]byte, 1)); err == nil {
				return
			}
		}
	})
	return firstError(nsErr, err)
}

// read passes on what the namespace sends, until the device is closed.
func (a *attachment) read() {
	for {
		packet := emulator.NewPacket()
		n, err := a.tun.Read(packet.Buffer())
		if err != nil {
			packet.Free()
			return
		}
		packet.SetSize(n)
		a.port.Send(packet)
	}
}
