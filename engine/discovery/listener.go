package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Listener answers queries for one device. Several devices on one host share the
// port.
type Listener struct {
	responder *Responder
	port      uint16
	send      func(packet []byte, to netip.AddrPort)
	spawn     func(func())
	guard     panics.Guard
	stopWatch func()

	mu         sync.Mutex
	closed     bool
	udp4, udp6 *net.UDPConn  // nil: not to be had, so far
	again      *time.Timer   // when what is not to be had is tried again
	pause      time.Duration // until then, the next time
}

// What cannot be had is tried again at times that double.
const (
	firstPause = 5 * time.Second
	mostPause  = 5 * time.Minute
)

// Listen begins to answer what a responder does: with send, which must send from
// where the device takes connections. goroutines start with spawn, and end soon
// after Close. With an error, the listener answers nobody yet: it goes on trying until Close.
func Listen(responder *Responder, port uint16, send func([]byte, netip.AddrPort), spawn func(func()), log *slog.Logger) (*Listener, error) {
	l := &Listener{responder: responder, port: port, send: send, spawn: spawn, guard: panics.Guard{Log: log}, pause: firstPause}
	l.mu.Lock()
	defer l.mu.Unlock()
	err4, err6 := l.open()
	l.stopWatch = watchLinks(func() { l.guard.Run(l.look) }, spawn)
	if l.udp4 == nil && l.udp6 == nil {
		return l, fmt.Errorf("listen for queries in the local network: %w", errors.Join(err4, err6))
	}
	for family, err := range map[string]error{"IPv4": err4, "IPv6": err6} {
		if err != nil && !errors.Is(err, syscall.EAFNOSUPPORT) && !errors.Is(err, syscall.EADDRNOTAVAIL) { // the host has it
			log.Warn("the device cannot be found in the local network in one of two ways: trying again", "by", family, "error", err)
		}
	}
	return l, nil
}

// open opens the sockets that are missing, and joins the groups. It needs the lock.
func (l *Listener) open() (err4, err6 error) {
	config := net.ListenConfig{Control: shareAddress}
	open := func(udp **net.UDPConn, network, address string) error {
		if *udp != nil {
			return nil
		}
		conn, err := config.ListenPacket(context.Background(), network, fmt.Sprintf("%s:%d", address, l.port))
		if err != nil {
			return err
		}
		opened := conn.(*net.UDPConn)
		*udp = opened
		l.spawn(func() { readPackets(opened, l.guard, l.heard) })
		return nil
	}
	err4, err6 = open(&l.udp4, "udp4", "0.0.0.0"), open(&l.udp6, "udp6", "[::]")
	l.join()
	if err4 != nil || err6 != nil {
		if l.again != nil {
			l.again.Stop()
		}
		l.again = l.guard.After(l.pause, l.look)
		l.pause = min(2*l.pause, mostPause)
	}
	return err4, err6
}

// look is for what may be there now.
func (l *Listener) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.open()
	}
}

func (l *Listener) heard(packet []byte, from netip.AddrPort) {
	if answer := l.responder.Answer(packet, from, time.Now()); answer != nil {
		l.send(answer, from)
	}
}

// join joins the groups on all links that are there now. It fails where they are
// joined already, which is as well. It needs the lock.
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.again != nil {
		l.again.Stop()
	}
	for _, udp := range []*net.UDPConn{l.udp4, l.udp6} {
		if udp != nil {
			udp.Close()
		}
	}
}

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
