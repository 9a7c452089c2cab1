package discovery

import (
	"bytes"
	"crypto/hpke"
	"crypto/subtle"
	"encoding/binary"
	"time"
)

const (
	kindQuery  = 0x20
	kindAnswer = 0x21

	keySize   = 32 // of an X25519 key
	timeSize  = 8
	tagSize   = 16
	labelSize = 8 // of the key, tells queries apart
	proofSize = 24

	sharedSize = 32

	keyAt    = 1
	markAt   = keyAt + keySize
	sealedAt = markAt + markSize

	querySize  = sealedAt + timeSize + tagSize
	answerSize = 1 + labelSize + proofSize
)

// What both sides bind the exchange to.
var (
	queryInfo     = []byte("thingp2p/1 query")
	answerContext = "thingp2p/1 answer"
	sharedContext = "thingp2p/1 knock"
)

func suite() (hpke.KDF, hpke.AEAD) { return hpke.HKDFSHA256(), hpke.ChaCha20Poly1305() }

type label [labelSize]byte

// query is one question for one device.
type query struct {
	packet []byte
	answer []byte // the only one that is right
	shared []byte // with the device, and nobody else
}

func newQuery(device hpke.PublicKey, m Mark, now time.Time) (*query, error) {
	kdf, aead := suite()
	key, sender, err := hpke.NewSender(device, kdf, aead, queryInfo)
	if err != nil {
		return nil, err
	}
	mark := m.of(key)
	sealed, err := sender.Seal(mark[:], binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())))
	if err != nil {
		return nil, err
	}
	proof, err := sender.Export(answerContext, proofSize)
	if err != nil {
		return nil, err
	}
	shared, err := sender.Export(sharedContext, sharedSize)
	if err != nil {
		return nil, err
	}
	q := &query{packet: bytes.Join([][]byte{{kindQuery}, key, mark[:], sealed}, nil), shared: shared}
	q.answer = answerTo(q.packet, proof)
	return q, nil
}

func (q *query) label() label { return labelOf(q.packet) }

// labelOf is that of a query or an answer.
func labelOf(packet []byte) label { return label(packet[1 : 1+labelSize]) }

// proven reports whether an answer is the device's.
func (q *query) proven(answer []byte) bool { return subtle.ConstantTimeCompare(answer, q.answer) == 1 }

func answerTo(query, proof []byte) []byte {
	return bytes.Join([][]byte{{kindAnswer}, query[1 : 1+labelSize], proof}, nil)
}

// IsQuery reports whether a packet has the form of a query.
func IsQuery(packet []byte) bool { return len(packet) == querySize && packet[0] == kindQuery }

// Knock makes a query for a device whose address is known. Sent to the device's
// own socket, just before a handshake, it shows that the sender knows the device:
// to others the device is silent. The device knows the shared secret once it has
// heard the knock.
func Knock(device hpke.PublicKey, m Mark, now time.Time) (packet, shared []byte, err error) {
	q, err := newQuery(device, m, now)
	if err != nil {
		return nil, nil, err
	}
	return q.packet, q.shared, nil
}

func isAnswer(packet []byte) bool { return len(packet) == answerSize && packet[0] == kindAnswer }

// openQuery returns what its asker knows of a query, and when it was made, in
// milliseconds of Unix time by the asker's clock; ok is false if it is not for the
// holder of key.
func openQuery(key hpke.PrivateKey, packet []byte) (q query, made int64, ok bool) {
	kdf, aead := suite()
	recipient, err := hpke.NewRecipient(packet[keyAt:markAt], key, kdf, aead, queryInfo)
	if err != nil {
		return query{}, 0, false
	}
	text, err := recipient.Open(packet[markAt:sealedAt], packet[sealedAt:])
	if err != nil {
		return query{}, 0, false
	}
	proof, err := recipient.Export(answerContext, proofSize)
	if err != nil {
		return query{}, 0, false
	}
	shared, err := recipient.Export(sharedContext, sharedSize)
	if err != nil {
		return query{}, 0, false
	}
	return query{answer: answerTo(packet, proof), shared: shared}, int64(binary.BigEndian.Uint64(text)), true
}
