package signal

import (
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// A message travels in an envelope:
//
//	version    1 byte
//	sender    32 bytes   its Ed25519 key
//	time       8 bytes   when it was sealed, Unix time in milliseconds
//	key       32 bytes   encapsulated, fresh each time: also the nonce
//	text      any        the message in JSON, sealed to the receiver, with its tag
//	signature 64 bytes   of the sender, over the receiver and all before
//
// It is sealed by HPKE (RFC 9180, base mode: X25519, HKDF-SHA256,
// ChaCha20-Poly1305). Broker and readers learn who writes to whom and when, and
// nothing else.
const (
	envelopeVersion = 1

	senderAt    = 1
	timeAt      = senderAt + ed25519.PublicKeySize
	keyAt       = timeAt + 8
	textAt      = keyAt + 32
	tagSize     = 16
	minEnvelope = textAt + tagSize + ed25519.SignatureSize

	// MaxEnvelopeBytes is the size of the largest.
	MaxEnvelopeBytes = minEnvelope + MaxMessageBytes
)

// envelopeDomain keeps what is signed and sealed here from meaning anything
// elsewhere.
const envelopeDomain = "thingp2p message through a rendezvous server\n"

type envelope []byte

// seal puts text into an envelope from the holder of key to the holder of an id.
func seal(text []byte, key ed25519.PrivateKey, to string, now time.Time) (envelope, error) {
	sealing, err := ident.SealingKey(to)
	if err != nil {
		return nil, err
	}
	receiver, err := ident.Parse(to)
	if err != nil {
		return nil, err
	}
	e := envelope{envelopeVersion}
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
	if len(p) < minEnvelope || len(p) > MaxEnvelopeBytes || p[0] != envelopeVersion {
		return nil, fmt.Errorf("%w: not an envelope of version %d", errMessage, envelopeVersion)
	}
	return p, nil
}

func (e envelope) senderKey() ed25519.PublicKey { return ed25519.PublicKey(e[senderAt:timeAt]) }

func (e envelope) sender() string { return ident.Format(e.senderKey()) }

func (e envelope) made() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(e[timeAt:])))
}

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

// open returns the text.
func (e envelope) open(key hpke.PrivateKey) ([]byte, error) {
	kdf, aead := suite()
	recipient, err := hpke.NewRecipient(e[keyAt:textAt], key, kdf, aead, []byte(envelopeDomain))
	if err != nil {
		return nil, err
	}
	return recipient.Open(e[:keyAt], e[textAt:len(e)-ed25519.SignatureSize])
}
