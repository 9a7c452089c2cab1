package signal

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/mlkem"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// A message travels in an envelope:
//
//	version    1 byte    how it is sealed
//	sender    32 bytes   its Ed25519 key
//	time       8 bytes   when it was sealed, Unix time in milliseconds
//	key        n bytes   encapsulated, fresh each time: also the nonce
//	text      any        the message in JSON, sealed to the receiver, with its tag
//	signature 64 bytes   of the sender, over the receiver and all before
//
// It is sealed by HPKE (RFC 9180, base mode, HKDF-SHA256, ChaCha20-Poly1305) to
//
//	version 1   the receiver's X25519 key, n = 32
//	version 2   that and its ML-KEM-768 key, n = 1120 (draft-ietf-hpke-pq, MLKEM768-X25519)
//
// A sender that knows the receiver's ML-KEM key uses it, whatever happens: nobody
// on the way can talk it out of that. Broker and readers learn who writes to whom and
// when, and nothing else.
const (
	classical = 1
	hybrid    = 2

	senderAt    = 1
	timeAt      = senderAt + ed25519.PublicKeySize
	keyAt       = timeAt + 8
	tagSize     = 16
	minEnvelope = keyAt + classicalKeyBytes + tagSize + ed25519.SignatureSize

	classicalKeyBytes = 32
	hybridKeyBytes    = mlkem.CiphertextSize768 + classicalKeyBytes

	maxTime = 1 << 50 // far enough from where calculations overflow

	// MaxEnvelopeBytes is the size of the largest.
	MaxEnvelopeBytes = minEnvelope - classicalKeyBytes + hybridKeyBytes + MaxMessageBytes
)

// envelopeDomain keeps what is signed and sealed here from meaning anything
// elsewhere.
const envelopeDomain = "thingp2p message through a rendezvous server\n"

type envelope []byte

// receiver is whom an envelope is for. kem is its ML-KEM key; nil: not known.
type receiver struct {
	id  string
	kem []byte
}

func (r receiver) sealingKey() (version byte, key hpke.PublicKey, err error) {
	if r.kem == nil {
		key, err = ident.SealingKey(r.id)
		return classical, key, err
	}
	key, err = ident.HybridSealingKey(r.id, r.kem)
	return hybrid, key, err
}

// seal puts text into an envelope from the holder of key.
func seal(text []byte, key ed25519.PrivateKey, to receiver, now time.Time) (envelope, error) {
	version, sealing, err := to.sealingKey()
	if err != nil {
		return nil, err
	}
	receiver, err := ident.Parse(to.id)
	if err != nil {
		return nil, err
	}
	e := envelope{version}
	e = append(e, key.Public().(ed25519.PublicKey)...)
	e = binary.BigEndian.AppendUint64(e, uint64(now.UnixMilli()))
	kdf, aead := suite()
	encapsulated, sender, err := hpke.NewSender(sealing, kdf, aead, []byte(envelopeDomain))
	if err != nil {
		return nil, err
	}
	sealed, err := sender.Seal(e, text)
	if err != nil {
		return nil, err
	}
	e = append(append(e, encapsulated...), sealed...)
	return append(e, ed25519.Sign(key, e.signed(receiver))...), nil
}

func suite() (hpke.KDF, hpke.AEAD) { return hpke.HKDFSHA256(), hpke.ChaCha20Poly1305() }

// parseEnvelope checks form and size, which costs nothing.
func parseEnvelope(p []byte) (envelope, error) {
	if len(p) < minEnvelope || p[0] != classical && p[0] != hybrid {
		return nil, fmt.Errorf("%w: not an envelope of version %d or %d", errMessage, classical, hybrid)
	}
	e := envelope(p)
	if n := len(p) - e.textAt() - tagSize - ed25519.SignatureSize; n < 0 || n > MaxMessageBytes {
		return nil, fmt.Errorf("%w: not the size of an envelope", errMessage)
	}
	if made := e.madeMilli(); made < 0 || made > maxTime {
		return nil, errStale // of any day
	}
	return e, nil
}

// textAt is where the encapsulated key ends.
func (e envelope) textAt() int {
	if e[0] == hybrid {
		return keyAt + hybridKeyBytes
	}
	return keyAt + classicalKeyBytes
}

func (e envelope) senderKey() ed25519.PublicKey { return ed25519.PublicKey(e[senderAt:timeAt]) }

func (e envelope) sender() string { return ident.Format(e.senderKey()) }

func (e envelope) made() time.Time { return time.UnixMilli(e.madeMilli()) }

func (e envelope) madeMilli() int64 { return int64(binary.BigEndian.Uint64(e[timeAt:])) }

// nonce is never the same for two envelopes: a part of the fresh key that is long
// enough for that.
func (e envelope) nonce() [8]byte { return [8]byte(e[keyAt:]) }

// signed is what the signature of an envelope without one is over.
func (e envelope) signed(receiver ed25519.PublicKey) []byte {
	return slices.Concat([]byte(envelopeDomain), []byte(receiver), []byte(e))
}

// genuine reports whether the sender has written this to the receiver.
func (e envelope) genuine(receiver ed25519.PublicKey) bool {
	end := len(e) - ed25519.SignatureSize
	return ed25519.Verify(e.senderKey(), e[:end].signed(receiver), e[end:])
}

// opening are the keys of a receiver.
type opening struct{ classical, hybrid hpke.PrivateKey }

func newOpening(key ed25519.PrivateKey) (o opening, err error) {
	if o.classical, err = ident.OpeningKey(key); err != nil {
		return o, err
	}
	o.hybrid, err = ident.HybridOpeningKey(key)
	return o, err
}

// open returns the text.
func (e envelope) open(keys opening) ([]byte, error) {
	key := keys.classical
	if e[0] == hybrid {
		key = keys.hybrid
	}
	kdf, aead := suite()
	recipient, err := hpke.NewRecipient(e[keyAt:e.textAt()], key, kdf, aead, []byte(envelopeDomain))
	if err != nil {
		return nil, err
	}
	return recipient.Open(e[:keyAt], e[e.textAt():len(e)-ed25519.SignatureSize])
}
