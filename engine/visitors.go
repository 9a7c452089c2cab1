package engine

import (
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// visitors are the addresses from which a device takes QUIC handshakes: those that
// an app named in an offer with a right to connect, those from which ICE checks
// came, and those from which somebody knocked who knows the device. To any other
// address the device's port is silent.
type visitors struct {
	responder *discovery.Responder

	mu    sync.Mutex
	until limit.Map[netip.AddrPort, time.Time]
}

const (
	visitTime   = time.Minute // a handshake, and its retries
	maxVisitors = 4096
)

func newVisitors(responder *discovery.Responder) *visitors {
	v := &visitors{responder: responder}
	v.until.Most = maxVisitors
	return v
}

func (v *visitors) expect(address netip.AddrPort) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until.Put(address, time.Now().Add(visitTime))
}

// knock takes a query that came to the device's own socket.
func (v *visitors) knock(packet []byte, from netip.AddrPort) {
	if v.responder.Answer(packet, from, time.Now()) != nil {
		v.expect(from)
	}
}

func (v *visitors) expected(address netip.AddrPort) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	until, known := v.until.Get(address)
	return known && time.Now().Before(until)
}
