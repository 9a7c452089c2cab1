package engine

import (
	"net"
	"net/netip"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// Info is a snapshot of a session.
type Info struct {
	Path          Path
	RTT, MinRTT   time.Duration // smoothed, and the least, on the path in use
	ConnectTime   time.Duration // from connect to ready
	BytesSent     uint64        // taken from and given to the application
	BytesReceived uint64
	PacketsSent   uint64
	PacketsLost   uint64 // not acknowledged in time; one that comes later stays counted
	Bandwidth     uint64 // bit/s that the path carries, as congestion control sees it; 0: not known yet
	TraceID       string
	DeviceID      string
	LocalAddress  string
	RemoteAddress string
}

// Info returns the session's state now; it may be called at any time, also
// after the end.
func (s *Session) Info() Info {
	stats := s.conn.ConnectionStats()
	path, remote := s.currentPath()
	info := Info{
		Path:        path,
		RTT:         stats.SmoothedRTT,
		MinRTT:      stats.MinRTT,
		ConnectTime: s.about.connectTime,
		Bandwidth:   s.conn.bandwidth(),
		PacketsSent: stats.PacketsSent,
		PacketsLost: stats.PacketsLost,
		TraceID:     s.about.peer.TraceID,
		DeviceID:    s.about.deviceID,
	}
	for _, c := range s.channels {
		info.BytesSent += c.Sent.Load()
		info.BytesReceived += c.Received.Load()
	}
	info.LocalAddress, info.RemoteAddress = textOf(s.routeTo(remote).local), textOf(remote)
	return info
}

func textOf(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// route is what the system says of the way to an address. It costs a socket to
// ask, so it is kept until the remote address is another.
type route struct {
	remote, local netip.AddrPort
	kind          Path // of a path straight to it
}

func (s *Session) routeTo(remote netip.AddrPort) *route {
	r := s.route.Load()
	if r == nil || r.remote != remote {
		r = &route{remote, localAddressTo(remote, s.about.localPort), directKind(s.network, remote.Addr())}
		s.route.Store(r)
	}
	return r
}

// localAddressTo returns the address that the system sends from to reach
// remote, with the socket's port. Nothing is sent.
func localAddressTo(remote netip.AddrPort, port uint16) netip.AddrPort {
	if !remote.IsValid() {
		return netip.AddrPort{}
	}
	probe, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(remote))
	if err != nil {
		return netip.AddrPort{}
	}
	defer probe.Close()
	return netip.AddrPortFrom(hosts.AddrPort(probe.LocalAddr()).Addr(), port)
}
