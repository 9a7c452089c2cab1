package rendezvous

import (
	"fmt"
	"strconv"
	"strings"
)

// PortRange is a range of UDP ports, both ends included. The zero value means
// DefaultRelayPorts.
type PortRange struct{ Min, Max uint16 }

// ParsePortRange reads "49152-65535".
func ParsePortRange(s string) (PortRange, error) {
	low, high, ok := strings.Cut(s, "-")
	first, err1 := strconv.ParseUint(low, 10, 16)
	last, err2 := strconv.ParseUint(high, 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return PortRange{}, fmt.Errorf("%q is not a range of ports: write it like 49152-65535", s)
	}
	r := PortRange{uint16(first), uint16(last)}
	if r == (PortRange{}) {
		return r, fmt.Errorf("port range %s: ports start at 1", r)
	}
	return r, r.check()
}

func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.Min, r.Max) }

func (r PortRange) check() error {
	if r == (PortRange{}) {
		return nil
	}
	// Peers must be able to answer: relayConn sends nothing to ports below 1024.
	if r.Min < lowestPeerPort || r.Max < r.Min {
		return fmt.Errorf("port range %s: give the lower port first, and none below %d", r, lowestPeerPort)
	}
	return nil
}

func (r PortRange) size() int                 { return int(r.Max) - int(r.Min) + 1 }
func (r PortRange) contains(port uint16) bool { return r.Min <= port && port <= r.Max }
