//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Switch is an Ethernet switch in this process: a local network without a way
// out. It floods each frame to all ports but the one that it came from, after a
// delay, and shows it to whoever wants to see or drop it.
//
//	n := lab.New(t, lab.Options{})
//	home := n.Switch("home", 5*time.Millisecond) // 10 ms round trip
//	app, device := home.Host("app", lab.IPv4), home.Host("device", lab.IPv4)
type Switch struct {
	net    *Net
	name   string
	number byte // 10.(200+number).0.0/24
	delay  time.Duration
	pass   atomic.Pointer[func(frame []byte) bool]

	mu    sync.Mutex
	ports []*os.File
}

// Families of addresses that a host on a switch has.
type Families int

const (
	IPv4 Families = 1 << iota
	IPv6          // link-local
)

// Switch makes one. A frame takes delay from host to host.
func (n *Net) Switch(name string, delay time.Duration) *Switch {
	n.switches++
	s := &Switch{net: n, name: name, number: byte(n.switches), delay: delay}
	n.closers = append(n.closers, s.close)
	return s
}

// Host adds a host with the interface lan0.
func (s *Switch) Host(name string, families Families) *Host {
	s.net.tb.Helper()
	h := &Host{net: s.net, name: name, ns: s.net.namespace(name)}
	s.Plug(h, "lan0", families)
	return h
}

// Plug gives a host an interface on this switch, and tells its IPv4 address.
func (s *Switch) Plug(h *Host, device string, families Families) netip.Addr {
	n := s.net
	n.tb.Helper()
	tap, err := openTAP(h.ns, device)
	n.check(err)
	s.mu.Lock()
	s.ports = append(s.ports, tap)
	number := byte(len(s.ports))
	s.mu.Unlock()
	var address netip.Addr
	if families&IPv6 != 0 { // no other address can be a duplicate, and the check would take a second
		n.check(h.ns.sysctl(fmt.Sprintf("net/ipv6/conf/%s/accept_dad", device), "0",
			fmt.Sprintf("net/ipv6/conf/%s/disable_ipv6", device), "0"))
	}
	n.check(h.ns.ip(fmt.Sprintf("link set %s up", device)))
	if families&IPv4 != 0 {
		address = netip.AddrFrom4([4]byte{10, 200 + s.number, 0, number})
		n.check(h.ns.ip(fmt.Sprintf("addr add %s/24 brd + dev %s", address, device)))
	}
	if !h.addr.IsValid() {
		h.addr = address
	}
	n.readers.Go(func() { s.read(tap) })
	return address
}

// Readdress gives a host's interface another IPv4 address, host number 100.
func (s *Switch) Readdress(h *Host, device string) netip.Addr {
	s.net.tb.Helper()
	address := netip.AddrFrom4([4]byte{10, 200 + s.number, 0, 100})
	s.net.check(h.ns.ip(fmt.Sprintf("addr flush dev %s", device), fmt.Sprintf("addr add %s/24 brd + dev %s", address, device)))
	return address
}

// Unplug takes a host's interface down; Replug brings it back.
func (h *Host) Unplug(device string) { h.net.check(h.ns.ip("link set " + device + " down")) }
func (h *Host) Replug(device string) { h.net.check(h.ns.ip("link set " + device + " up")) }

// Route makes h a router between its switches, and the others use it.
func (h *Host) Route(others map[*Host]netip.Addr) {
	h.net.check(h.ns.sysctl("net/ipv4/ip_forward", "1"))
	for other, via := range others {
		h.net.check(other.ns.ip(fmt.Sprintf("route replace default via %s", via)))
	}
}

// Watch shows each frame to pass, which tells whether it goes on. It is called
// from several goroutines; nil passes all.
func (s *Switch) Watch(pass func(frame []byte) bool) {
	if pass == nil {
		s.pass.Store(nil)
		return
	}
	s.pass.Store(&pass)
}

func (s *Switch) read(from *os.File) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if pass := s.pass.Load(); pass != nil && !(*pass)(buffer[:n]) {
			continue
		}
		if s.delay == 0 {
			s.flood(from, buffer[:n])
			continue
		}
		frame := slices.Clone(buffer[:n])
		time.AfterFunc(s.delay, func() { s.flood(from, frame) })
	}
}

func (s *Switch) flood(from *os.File, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, port := range s.ports {
		if port != from {
			port.Write(frame) // fails where the interface is down: lost, as on any wire
		}
	}
}

func (s *Switch) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, port := range s.ports {
		port.Close()
	}
}

// Host adds a host with no interface but the loopback one; see Switch.Plug.
func (n *Net) Host(name string) *Host {
	n.tb.Helper()
	return &Host{net: n, name: name, ns: n.namespace(name)}
}

// Tunnel gives a host an interface that reaches one peer, who never answers, as a
// VPN that is down.
func (h *Host) Tunnel(device, address string) {
	tun, err := openDevice(h.ns, device, unix.IFF_TUN)
	h.net.check(err)
	h.net.closers = append(h.net.closers, func() { tun.Close() })
	h.net.check(h.ns.ip(
		fmt.Sprintf("link set %s up", device),
		fmt.Sprintf("addr add %s dev %s", address, device)))
}
