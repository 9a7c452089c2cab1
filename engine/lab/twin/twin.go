// Package twin makes a network for tests of pion's virtual one, or of any that is like it.
package twin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/transport/v2"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Network is IPv4 by UDP only, on a network of pion's kind.
type Network struct{ transport.Net }

func (n Network) Listen(port uint16) (net.PacketConn, error) {
	return n.ListenPacket("udp4", fmt.Sprintf("0.0.0.0:%d", port))
}

// Dial hides the Dial of the network, which has no context.
func (Network) Dial(context.Context, string) (net.Conn, error) {
	return nil, errors.New("the virtual network has no TCP")
}

func (n Network) Resolve(_ context.Context, hostPort string) ([]netip.AddrPort, error) {
	if address, err := netip.ParseAddrPort(hostPort); err == nil {
		return []netip.AddrPort{address}, nil
	}
	address, err := n.ResolveUDPAddr("udp", hostPort)
	if err != nil {
		return nil, err
	}
	return []netip.AddrPort{hosts.AddrPort(address)}, nil
}

func (Network) NAT64() *hosts.NAT64 { return nil }

func (Network) LookAgain(context.Context) {}

func (n Network) Prefixes() []netip.Prefix {
	interfaces, err := n.Interfaces()
	if err != nil {
		return nil
	}
	var addresses []net.Addr
	for _, i := range interfaces {
		of, _ := i.Addrs()
		addresses = append(addresses, of...)
	}
	return hosts.PrefixesOf(addresses)
}

func (Network) Gateway() (router, own netip.Addr) { return netip.Addr{}, netip.Addr{} }

func (Network) Watch(panics.Guard, func()) (stop func()) { return func() {} }

func (n Network) Pion() transport.Net { return n.Net }

// Still is the host's network without word of its changes: to wait for that, or to ask about
// it, would keep the time of a bubble from going on. Its router is left alone.
type Still struct{ hosts.System }

func (Still) LookAgain(context.Context) {}

func (Still) Gateway() (router, own netip.Addr) { return netip.Addr{}, netip.Addr{} }

func (Still) Watch(panics.Guard, func()) (stop func()) { return func() {} }
