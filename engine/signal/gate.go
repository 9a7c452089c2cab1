package signal

import (
	"crypto/ed25519"
	"errors"
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/limit"
)

// gate decides which envelopes are read, in the order of what it costs to find
// out: size and form, the sender's rate, age, replay, signature, and only then the
// text. It remembers within bounds, and has no clock. It is for one caller at a time.
type gate struct {
	own     ed25519.PublicKey
	opening opening
	started time.Time // what was made before may have been read by an earlier one

	// known tells whom the endpoint deals with: they have a limit each, and
	// strangers one for all, so that no crowd keeps a friend out.
	known     func(id string) bool
	strangers bool // whether they are read at all

	friends   limit.Senders[string]
	unknown   limit.Senders[string]
	everybody *rate.Limiter
	read      *memory
}

// Limits of what is read, in messages a second and at once.
const (
	friendPerSecond, friendBurst     = 100, 500 // an app repeats offers and trickles candidates, for many attempts perhaps
	unknownPerSecond, unknownBurst   = 10, 60
	strangersPerSecond, strangerRoom = 50, 200

	maxSenders = 1024
)

// Reasons for which an envelope is not read.
var (
	errTooMany = errors.New("too many messages")
	errStale   = errors.New("a message of another day, or from a sender whose clock is wrong")
	errReplay  = errors.New("a message that came before")
	errForged  = errors.New("a message that its sender has not signed for us")
	errUnasked = errors.New("a message of somebody who was not asked")
)

// lateError says of a message that nothing is wrong with it but its time: the
// sender's clock was set back, or is behind ours, and we have just started. It may
// have been read before, so it is not read; its sender may send it once more, as one
// that was made later.
type lateError struct {
	from  string
	made  int64
	after int64 // what is made after that is read
}

func (e *lateError) Error() string {
	return "a message that is older than what was read before; its sender was told, and sends it again"
}

func newGate(key ed25519.PrivateKey, known func(string) bool, strangers bool, started time.Time) (*gate, error) {
	opening, err := newOpening(key)
	if err != nil {
		return nil, err
	}
	g := &gate{
		own:       key.Public().(ed25519.PublicKey),
		opening:   opening,
		started:   started,
		known:     known,
		strangers: strangers,
		everybody: rate.NewLimiter(strangersPerSecond, strangerRoom),
		read:      newMemory(known),
	}
	g.friends.Most, g.friends.PerSecond, g.friends.Burst = maxSenders, friendPerSecond, friendBurst
	g.unknown.Most, g.unknown.PerSecond, g.unknown.Burst = maxSenders, unknownPerSecond, unknownBurst
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
	read, after := g.readOf(from, e, now)
	if read != nil && read.Has(e.nonce(), e.madeMilli()) {
		return nil, errReplay
	}
	if !e.genuine(g.own) {
		return nil, errForged
	}
	if e.madeMilli() <= after {
		return nil, &lateError{from, e.madeMilli(), after}
	}
	if read == nil { // only for who is genuine, or anybody could fill the memory
		read = g.read.begin(from, after)
	}
	read.Take(e.nonce(), e.madeMilli(), math.MaxInt64)
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

// readOf returns what was read of a sender, and the time after which its messages
// are made that may be read now. Who is new begins with its first message, or with
// those which that has overtaken; but what was made before the gate was there is not
// read. For an app that does not matter: nobody can answer a question before it was
// asked.
func (g *gate) readOf(from string, e envelope, now time.Time) (read *limit.Once, after int64) {
	read = g.read.of(from)
	switch first := e.madeMilli() - overtaking.Milliseconds(); {
	case read == nil && g.strangers:
		return nil, max(first, ident.Began(g.started, now).UnixMilli()-1)
	case read == nil:
		return nil, first
	case !ident.Fresh(time.UnixMilli(read.After), now) && read.After > now.UnixMilli(): // no message could be young enough: clocks were set
		read.After = now.UnixMilli()
	}
	return read, read.After
}
