package discovery

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
)

const markSize = 8

// Mark is what a device knows the questions of one app by, before it opens them,
// which costs hundreds of times as much. Only the two can tell it from noise: it is
// of the question's fresh key, which never comes again, by AES with a key that only
// they know. A question without one carries noise in its place.
//
// It authenticates nothing: that it belongs to its question shows when that is
// opened. It may be used by one goroutine at a time.
type Mark struct {
	block       cipher.Block // nil: none
	input, mark *[aes.BlockSize]byte
}

// NewMark makes one of a secret of at least 16 bytes.
func NewMark(secret []byte) (Mark, error) {
	block, err := aes.NewCipher(secret[:16])
	return Mark{block, new([aes.BlockSize]byte), new([aes.BlockSize]byte)}, err
}

// of is the mark of a question with that encapsulated key.
func (m Mark) of(key []byte) [markSize]byte {
	if m.block == nil {
		var noise [markSize]byte
		rand.Read(noise[:])
		return noise
	}
	copy(m.input[:], key)
	m.block.Encrypt(m.mark[:], m.input[:])
	return [markSize]byte(m.mark[:])
}

// isOn reports whether a question carries it.
func (m Mark) isOn(query []byte) bool {
	return m.block != nil && m.of(query[keyAt:markAt]) == [markSize]byte(query[markAt:])
}

// Friend is an app whose questions a device opens before those of others.
type Friend struct {
	ID   string
	Mark Mark
}
