package engine

import (
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// visitors are those from whom a device takes QUIC handshakes, on whatever
// transport: from addresses that an app named in an offer with a right to connect,
// from which ICE checks came, or from which somebody knocked who knows the device;
// and, since addresses are easy to take, with a pass. To any other address the
// device is silent, and without a pass nobody sees its certificate.
type visitors struct {
	responder *discovery.Responder

	mu     sync.Mutex
	until  limit.Map[netip.AddrPort, time.Time]
	passes limit.Map[passLabel, *visit]
}

type visit struct {
	secret *passSecret
	until  time.Time
}

const (
	visitTime   = time.Minute // a handshake, and its retries
	maxVisitors = 4096
)

func newVisitors(responder *discovery.Responder) *visitors {
	v := &visitors{responder: responder}
	v.until.Most, v.passes.Most = maxVisitors, maxVisitors
	return v
}

// expect lets handshakes come from an address.
func (v *visitors) expect(address netip.AddrPort) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.until.Put(address, time.Now().Add(visitTime))
}

// honour lets handshakes in with passes of a secret.
func (v *visitors) honour(secret *passSecret) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.passes.Get(secret.label); !known { // a repeated knock brings no second use
		v.passes.Put(secret.label, &visit{secret, time.Now().Add(visitTime)})
	}
}

// knock takes a query that came to the device's own socket.
func (v *visitors) knock(packet []byte, from netip.AddrPort) {
	if shared := v.responder.Knocked(packet, from, time.Now()); shared != nil {
		v.honour(newPassSecret(shared))
		v.expect(from)
	}
}

// mayEnter reports whether QUIC may have a packet. It must not be called for those
// of connections that are there already, which say nothing of who sends them.
func (v *visitors) mayEnter(from netip.AddrPort) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	until, known := v.until.Get(from)
	return known && time.Now().Before(until)
}

// admits reports whether a handshake brings a pass, which is good once.
func (v *visitors) admits(serverName string) bool {
	label, nonce, tag, ok := parsePass(serverName)
	if !ok {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	visit, known := v.passes.Get(label)
	return known && time.Now().Before(visit.until) && visit.secret.use(nonce, tag)
}
