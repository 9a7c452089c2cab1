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

	querySize  = 1 + keySize + timeSize + tagSize
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

func newQuery(device hpke.PublicKey, now time.Time) (*query, error) {
	kdf, aead := suite()
	key, sender, err := hpke.NewSender(device, kdf, aead, queryInfo)
	if err != nil {
		return nil, err
	}
	sealed, err := sender.Seal(nil, binary.BigEndian.AppendUint64(nil, uint64(now.Unix())))
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
	q := &query{packet: bytes.Join([][]byte{{kindQuery}, key, sealed}, nil), shared: shared}
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
func Knock(device hpke.PublicKey, now time.Time) (packet, shared []byte, err error) {
	q, err := newQuery(device, now)
	if err != nil {
		return nil, nil, err
	}
	return q.packet, q.shared, nil
}

func isAnswer(packet []byte) bool { return len(packet) == answerSize && packet[0] == kindAnswer }

// openQuery returns when a query was made, as the asker knows it; ok is false if it
// is not for the holder of key.
func openQuery(key hpke.PrivateKey, packet []byte) (q query, made time.Time, ok bool) {
	kdf, aead := suite()
	recipient, err := hpke.NewRecipient(packet[1:1+keySize], key, kdf, aead, queryInfo)
	if err != nil {
		return query{}, time.Time{}, false
	}
	text, err := recipient.Open(nil, packet[1+keySize:])
	if err != nil {
		return query{}, time.Time{}, false
	}
	proof, err := recipient.Export(answerContext, proofSize)
	if err != nil {
		return query{}, time.Time{}, false
	}
	shared, err := recipient.Export(sharedContext, sharedSize)
	if err != nil {
		return query{}, time.Time{}, false
	}
	return query{answer: answerTo(packet, proof), shared: shared}, time.Unix(int64(binary.BigEndian.Uint64(text)), 0), true
}
