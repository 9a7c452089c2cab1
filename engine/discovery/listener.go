package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Listener answers queries for one device. Several devices on one host share the
// port.
type Listener struct {
	responder *Responder
	send      func(packet []byte, to netip.AddrPort)
	guard     panics.Guard

	udp4, udp6 *net.UDPConn // nil: the host has no such family
	stopWatch  func()
}

// Listen begins to answer what a responder does: with send, which must send from
// where the device takes connections. goroutines start with spawn, and end soon
// after Close.
func Listen(responder *Responder, port uint16, send func([]byte, netip.AddrPort), spawn func(func()), log *slog.Logger) (*Listener, error) {
	l := &Listener{responder: responder, send: send, guard: panics.Guard{Log: log}}
	config := net.ListenConfig{Control: shareAddress}
	open := func(network, address string) (*net.UDPConn, error) {
		conn, err := config.ListenPacket(context.Background(), network, address)
		if err != nil {
			return nil, err
		}
		return conn.(*net.UDPConn), nil
	}
	var err4, err6 error
	l.udp4, err4 = open("udp4", fmt.Sprintf("0.0.0.0:%d", port))
	l.udp6, err6 = open("udp6", fmt.Sprintf("[::]:%d", port))
	if err4 != nil && err6 != nil {
		return nil, fmt.Errorf("listen for queries in the local network: %w", errors.Join(err4, err6))
	}
	l.join()
	l.stopWatch = watchLinks(func() { l.guard.Run(l.join) }, spawn)
	for _, udp := range []*net.UDPConn{l.udp4, l.udp6} {
		if udp != nil {
			spawn(func() { readPackets(udp, l.guard, l.heard) })
		}
	}
	return l, nil
}

func (l *Listener) heard(packet []byte, from netip.AddrPort) {
	if answer := l.responder.Answer(packet, from, time.Now()); answer != nil {
		l.send(answer, from)
	}
}

// join joins the groups on all links that are there now. It fails where they are
// joined already, which is as well.
func (l *Listener) join() {
	for _, link := range links() {
		if link.Flags&net.FlagMulticast == 0 {
			continue
		}
		if l.udp4 != nil && len(link.prefixes) > 0 {
			ipv4.NewPacketConn(l.udp4).JoinGroup(link.known(), net.UDPAddrFromAddrPort(netip.AddrPortFrom(group4, 0)))
		}
		if l.udp6 != nil && link.local6.IsValid() {
			ipv6.NewPacketConn(l.udp6).JoinGroup(link.known(), net.UDPAddrFromAddrPort(netip.AddrPortFrom(group6, 0)))
		}
	}
}

// Close ends the answering.
func (l *Listener) Close() {
	l.stopWatch()
	for _, udp := range []*net.UDPConn{l.udp4, l.udp6} {
		if udp != nil {
			udp.Close()
		}
	}
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
