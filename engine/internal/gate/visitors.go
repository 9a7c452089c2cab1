// Package gate decides which handshakes may begin at a device: those of who has
// knocked, asked or negotiated, with a pass that is good once, and only so many.
package gate

import (
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/discovery"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// Visitors are those from whom a device takes QUIC handshakes, on whatever
// transport: from addresses that an app named in an offer with a right to connect,
// from which ICE checks came, or from which somebody knocked who knows the device;
// and, since addresses are easy to take, with a pass. To any other address the
// device is silent, and without a pass nobody sees its certificate.
type Visitors struct {
	Responder *discovery.Responder

	Mu     sync.Mutex
	Until  limit.Map[netip.AddrPort, time.Time]
	passes limit.Map[passLabel, *visit]
}

type visit struct {
	secret *Secret
	until  time.Time
}

const (
	visitTime   = time.Minute // a handshake, and its retries
	MaxVisitors = 4096
)

func NewVisitors(responder *discovery.Responder) *Visitors {
	v := &Visitors{Responder: responder}
	v.Until.Most, v.passes.Most = MaxVisitors, MaxVisitors
	return v
}

// Expect lets handshakes come from an address.
func (v *Visitors) Expect(address netip.AddrPort) {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	v.Until.Put(address, time.Now().Add(visitTime))
}

// Honour lets handshakes in with passes of a secret.
func (v *Visitors) Honour(secret *Secret) {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	if _, known := v.passes.Get(secret.Label); !known { // a repeated knock brings no second use
		v.passes.Put(secret.Label, &visit{secret, time.Now().Add(visitTime)})
	}
}

// Knock takes a query that came to the device's own socket.
func (v *Visitors) Knock(packet []byte, from netip.AddrPort) {
	if shared := v.Responder.Knocked(packet, from, time.Now()); shared != nil {
		v.Honour(NewSecret(shared))
		v.Expect(from)
	}
}

// MayEnter reports whether QUIC may have a packet. It must not be called for those
// of connections that are there already, which say nothing of who sends them.
func (v *Visitors) MayEnter(from netip.AddrPort) bool {
	v.Mu.Lock()
	defer v.Mu.Unlock()
	until, known := v.Until.Get(from)
	return known && time.Now().Before(until)
}

// Admits reports whether a handshake brings a pass, which is good once.
func (v *Visitors) Admits(serverName string) bool {
	label, nonce, tag, ok := ParsePass(serverName)
	if !ok {
		return false
	}
	v.Mu.Lock()
	defer v.Mu.Unlock()
	visit, known := v.passes.Get(label)
	return known && time.Now().Before(visit.until) && visit.secret.use(nonce, tag)
}
