package signal

import (
	"crypto/ed25519"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// gate decides which envelopes are read, in the order of what it costs to find
// out: size and form, the sender's rate, age, replay, signature, and only then the
// text. It remembers within bounds, and has no clock. It is for one goroutine.
type gate struct {
	own     ed25519.PublicKey
	opening opening

	// known tells whom the endpoint deals with: they have a limit each, and
	// strangers one for all, so that no crowd keeps a friend out.
	known     func(id string) bool
	strangers bool // whether they are read at all

	friends   limit.Senders[string]
	unknown   limit.Senders[string]
	everybody *rate.Limiter
	seen      limit.Map[[8]byte, struct{}]
}

// Limits of what is read, in messages a second and at once.
const (
	friendPerSecond, friendBurst     = 100, 500 // an app repeats offers and trickles candidates, for many attempts perhaps
	unknownPerSecond, unknownBurst   = 10, 60
	strangersPerSecond, strangerRoom = 50, 200

	maxSenders = 1024
	maxSeen    = 8192 // who replays one that is older is still held up by its age
)

// Reasons for which an envelope is not read.
var (
	errTooMany = errors.New("too many messages")
	errStale   = errors.New("a message of another day, or from a sender whose clock is wrong")
	errReplay  = errors.New("a message that came before")
	errForged  = errors.New("a message that its sender has not signed for us")
	errUnasked = errors.New("a message of somebody who was not asked")
)

func newGate(key ed25519.PrivateKey, known func(string) bool, strangers bool) (*gate, error) {
	opening, err := newOpening(key)
	if err != nil {
		return nil, err
	}
	g := &gate{
		own:       key.Public().(ed25519.PublicKey),
		opening:   opening,
		known:     known,
		strangers: strangers,
		everybody: rate.NewLimiter(strangersPerSecond, strangerRoom),
	}
	g.friends.Most, g.friends.PerSecond, g.friends.Burst = maxSenders, friendPerSecond, friendBurst
	g.unknown.Most, g.unknown.PerSecond, g.unknown.Burst = maxSenders, unknownPerSecond, unknownBurst
	g.seen.Most = maxSeen
	return g, nil
}

// admit returns the message in an envelope.
func (g *gate) admit(payload []byte, now time.Time) (*Message, error) {
	e, err := parseEnvelope(payload)
	if err != nil {
		return nil, err
	}
	from := e.sender()
	switch known := g.known(from); {
	case known && !g.friends.Allow(from, now):
		return nil, errTooMany
	case !known && !g.strangers:
		return nil, errUnasked
	case !known && !(g.unknown.Allow(from, now) && g.everybody.AllowN(now, 1)):
		return nil, errTooMany
	}
	if !ident.Fresh(e.made(), now) {
		return nil, errStale
	}
	if _, again := g.seen.Get(e.nonce()); again {
		return nil, errReplay
	}
	if !e.genuine(g.own) {
		return nil, errForged
	}
	g.seen.Put(e.nonce(), struct{}{}) // only of genuine ones, or anybody could fill the memory
	text, err := e.open(g.opening)
	if err != nil {
		return nil, errForged
	}
	m, err := Decode(text)
	if err != nil {
		return nil, err
	}
	m.From = from
	return m, nil
}
