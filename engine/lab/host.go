//go:build linux

package lab

import (
	"context"
	"net/netip"
	"os/exec"
	"syscall"
)

// Host is a machine: a namespace with one interface beside the loopback one.
type Host struct {
	net        *Net
	name       string
	ns         *namespace
	addr       netip.Addr
	addr6      netip.Addr
	attachment *attachment // its own, or that of its NAT
}

// PublicHost adds a host with a public address and no NAT. The link is that of
// each direction.
func (n *Net) PublicHost(name string, link Link) *Host {
	n.tb.Helper()
	n.publicHosts++
	h := &Host{net: n, name: name, ns: n.namespace(name)}
	h.addr = netip.AddrFrom4([4]byte{203, 0, 113, byte(n.publicHosts)})
	addrs := []netip.Addr{h.addr}
	if n.options.IPv6 {
		n.check(h.ns.withIPv6())
		h.addr6 = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(n.publicHosts)})
		addrs = append(addrs, h.addr6)
	}
	h.attachment = n.attach(name, h.ns, link, addrs...)
	return h
}

// IP is the host's own IPv4 address: public, or private behind a NAT.
func (h *Host) IP() netip.Addr { return h.addr }

// IP6 is the host's IPv6 address; it is invalid without Options.IPv6 and behind a
// NAT.
func (h *Host) IP6() netip.Addr { return h.addr6 }

// Command prepares a program to run on the host. The process is the program
// itself, so signals reach it; it is killed when this process ends.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	return h.CommandContext(context.Background(), name, args...)
}

// CommandContext is Command with a context that kills the program when it is done.
func (h *Host) CommandContext(ctx context.Context, name string, args ...string) *exec.Cmd {
	// `ip netns exec` enters the namespace and becomes the program.
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", h.ns.name, name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// TakeSockets does what systems do that take a program's sockets away while it is
// suspended: all that the host's programs have are of no use any more.
func (h *Host) TakeSockets() {
	h.net.tb.Helper()
	h.net.check(run("", "ip", "netns", "exec", h.ns.name, "ss", "--kill", "--udp", "--tcp", "--all", "--numeric"))
}

// Do runs f with the calling goroutine on the host: sockets that f opens itself
// are the host's and stay so; goroutines that it starts are not on the host.
func (h *Host) Do(f func()) {
	h.net.tb.Helper()
	h.net.check(h.ns.do(f))
}

func (h *Host) attached() *attachment { return h.attachment }
