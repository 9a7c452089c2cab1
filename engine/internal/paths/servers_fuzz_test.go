package paths

import (
	"errors"
	"net"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/signal"
)

// unresolved is a network in which no name has an address.
type unresolved struct{ listedNet }

func (unresolved) ResolveUDPAddr(string, string) (*net.UDPAddr, error) {
	return nil, errors.New("no such host")
}

// FuzzServers: whatever a server says where STUN and TURN are, it can be looked at.
// Only a literal address of this host makes its own addresses reach.
func FuzzServers(f *testing.F) {
	f.Add("192.0.2.1:3478", "turn:192.0.2.1:3478?transport=udp")
	f.Add("[::1]:3478", "turns:[::1]:5349?transport=tcp")
	f.Add("", "turn:")
	f.Add("host:port", "stun:user@host")
	f.Fuzz(func(t *testing.T, stun, turn string) {
		network := unresolved{listedNet{nil, []string{"10.0.0.1/8"}}}
		r := ReachOn(network, signal.ICEServers{STUN: []string{stun}, TURN: []signal.TURNServer{{URL: turn}}})
		address, err := resolveUDP(t.Context(), network, stun)
		if err == nil && address.Addr().IsLoopback() && !r.loopback {
			t.Errorf("%s is on this host", stun)
		}
	})
}
