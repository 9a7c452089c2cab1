package frames

import (
	"encoding/binary"
	"errors"
	"io"
)

// A stream of frames begins with a byte that has the channel in its last three bits:
//
//	0x10, +8 for a key frame   a frame: its ordinal, how many of the frames that were taken
//	                           before it have had no stream, its length, and its bytes
//	0x20                       the end: its ordinal; no other stream comes
//
// The numbers are unsigned LEB128, as in encoding/binary. Ordinals of a channel are 1, 2, …
const (
	typeFrame = 0x10
	typeKey   = 0x08
	typeEnd   = 0x20

	channelBits = 7

	headerRoom = 1 + 3*binary.MaxVarintLen64 // at most
	mostNumber = 1 << 56
)

// IsFirst reports whether a stream that begins with b brings something of this package's, and on
// which channel.
func IsFirst(b byte) (channel int, ok bool) {
	kind := b &^ channelBits
	return int(b & channelBits), kind == typeFrame || kind == typeFrame|typeKey || kind == typeEnd
}

// header is what a stream begins with, but for its first byte.
type header struct {
	ordinal uint64
	skipped uint64 // frames that were taken before this one and had no stream
	length  int
}

var errHeader = errors.New("malformed header of a frame")

// appendHeader appends the first byte, too.
func appendHeader(b []byte, channel byte, key bool, h header) []byte {
	first := channel | typeFrame
	if key {
		first |= typeKey
	}
	b = binary.AppendUvarint(append(b, first), h.ordinal)
	b = binary.AppendUvarint(b, h.skipped)
	return binary.AppendUvarint(b, uint64(h.length))
}

func appendEnd(b []byte, channel byte, ordinal uint64) []byte {
	return binary.AppendUvarint(append(b, channel|typeEnd), ordinal)
}

// readHeader reads on behind the first byte.
func readHeader(first byte, r io.ByteReader) (header, error) {
	var numbers [3]uint64
	count := len(numbers)
	if first&^channelBits == typeEnd {
		count = 1
	}
	for i := range numbers[:count] {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return header{}, err
		}
		if n > mostNumber {
			return header{}, errHeader
		}
		numbers[i] = n
	}
	if numbers[0] == 0 || numbers[2] > Most || count > 1 && numbers[2] == 0 {
		return header{}, errHeader
	}
	return header{ordinal: numbers[0], skipped: numbers[1], length: int(numbers[2])}, nil
}

// reason is why a stream of a channel is reset: that its frame has no time left.
func reason(channel byte, ordinal uint64) uint64 { return ordinal<<3 | uint64(channel) }

// Reset says which stream is meant by the reason of a reset.
func Reset(reason uint64) (channel int, ordinal uint64) {
	return int(reason & channelBits), reason >> 3
}
