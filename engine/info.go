package engine

import (
	"net/netip"
	"time"
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
	FrameRate     uint64 // bit/s that an encoder should produce now, see Session.FrameRate; 0: not known yet
}

// Info returns the session's state now; it may be called at any time, also
// after the end.
func (s *Session) Info() Info {
	stats := s.conn.ConnectionStats()
	route := s.way.where()
	info := Info{
		Path:        route.kind,
		RTT:         stats.SmoothedRTT,
		MinRTT:      stats.MinRTT,
		ConnectTime: s.about.connectTime,
		Bandwidth:   s.conn.bandwidth(),
		PacketsSent: stats.PacketsSent,
		PacketsLost: stats.PacketsLost,
		TraceID:     s.about.traceID,
		DeviceID:    s.about.deviceID,
		FrameRate:   s.FrameRate(),
	}
	for _, c := range s.channels {
		info.BytesSent += c.Sent.Load()
		info.BytesReceived += c.Received.Load()
	}
	for number := range s.live {
		sent, received := s.live[number].counts()
		info.BytesSent += sent
		info.BytesReceived += received
	}
	info.LocalAddress, info.RemoteAddress = textOf(route.local), textOf(route.remote)
	return info
}

func textOf(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
