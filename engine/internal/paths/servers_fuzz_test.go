package paths

import (
	"net/netip"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// FuzzServers: whatever a server says where STUN and TURN are, it can be looked at.
func FuzzServers(f *testing.F) {
	f.Add("192.0.2.1:3478", "turn:192.0.2.1:3478?transport=udp")
	f.Add("[::1]:3478", "turns:[::1]:5349?transport=tcp")
	f.Add("", "turn:")
	f.Add("host:port", "stun:user@host")
	f.Fuzz(func(t *testing.T, stun, turn string) {
		r := reachOf(signal.ICEServers{STUN: []string{stun}, TURN: []signal.TURNServer{{URL: turn}}}, "10.0.0.1/8")
		here, err := netip.ParseAddrPort(stun)
		if err == nil && here.Addr().IsLoopback() && !r.loopback {
			t.Errorf("%s is on this host", stun)
		}
	})
}
