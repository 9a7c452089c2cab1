package base

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// segmentSize returns the size at which a GSO write is to be cut into packets,
// or 0 if it is one packet.
func segmentSize(oob []byte) int { return controlled(oob, unix.UDP_SEGMENT) }

// pieceSizeOf returns the size of the packets that a GRO read has put together, but for the
// last one, or 0 if it is one packet.
func pieceSizeOf(oob []byte) int { return controlled(oob, unix.UDP_GRO) }

// controlled is the number that UDP's control message of this kind has; 0: there is none.
func controlled(oob []byte, kind int32) int {
	for len(oob) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		if header.Level == unix.IPPROTO_UDP && header.Type == kind && len(data) >= 2 {
			return int(binary.NativeEndian.Uint16(data))
		}
		oob = rest
	}
	return 0
}
