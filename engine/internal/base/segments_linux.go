package base

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// segmentSize returns the size at which a GSO write is to be cut into packets,
// or 0 if it is one packet.
func segmentSize(oob []byte) int {
	for len(oob) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		if header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_SEGMENT && len(data) >= 2 {
			return int(binary.NativeEndian.Uint16(data))
		}
		oob = rest
	}
	return 0
}
