package discovery

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// askSocket sends queries from one address of one link.
type askSocket struct {
	udp     *net.UDPConn
	targets []netip.AddrPort
}

func openAsk4(l link, p netip.Prefix, port uint16) (*askSocket, error) {
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.Addr(), 0)))
	if err != nil {
		return nil, err
	}
	s := &askSocket{udp: udp}
	if all, ok := broadcast(p); l.blind {
		s.targets = append(s.targets, netip.AddrPortFrom(allHosts, port))
	} else if ok {
		s.targets = append(s.targets, netip.AddrPortFrom(all, port))
	}
	if ipv4.NewPacketConn(udp).SetMulticastInterface(l.known()) == nil { // with a hop limit of 1
		s.targets = append(s.targets, netip.AddrPortFrom(group4, port))
	}
	return s, nil
}

func openAsk6(l link, port uint16) (*askSocket, error) {
	udp, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(l.local6, 0)))
	if err != nil {
		return nil, err
	}
	if err := ipv6.NewPacketConn(udp).SetMulticastInterface(l.known()); err != nil {
		udp.Close()
		return nil, err
	}
	return &askSocket{udp, []netip.AddrPort{netip.AddrPortFrom(group6.WithZone(l.local6.Zone()), port)}}, nil
}

// send reports whether the socket is still of use. Some networks refuse one way
// and take the other.
func (s *askSocket) send(packet []byte) bool {
	sent := false
	for _, to := range s.targets {
		_, err := s.udp.WriteToUDPAddrPort(packet, to)
		sent = sent || err == nil
	}
	return sent
}

func (s *askSocket) close() { s.udp.Close() }

// mostRest is between two reads of a socket that fail again and again.
const mostRest = time.Second

// readPackets hands over packets that may be one of ours, until the socket is
// closed. One that causes a panic is lost. Other errors are of earlier packets, or pass: an answer to one that
// nobody took makes the next read fail on some systems.
func readPackets(udp *net.UDPConn, guard panics.Guard, heard func([]byte, netip.AddrPort)) {
	var buffer [querySize + 1]byte // a longer packet is none of ours
	for failures := 0; ; {
		n, from, err := udp.ReadFromUDPAddrPort(buffer[:])
		if err != nil {
			if isClosed(err) {
				return
			}
			failures++
			time.Sleep(min(time.Duration(failures-1)*time.Millisecond, mostRest))
			continue
		}
		failures = 0
		guard.Run(func() { heard(buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())) })
	}
}
