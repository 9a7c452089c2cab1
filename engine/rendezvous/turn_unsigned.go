package rendezvous

import (
	"github.com/pion/stun"
)

// isUnsigned reports whether a datagram asks for something that only who has credentials
// gets, and shows none: the answer, which says how to, is several times as long, and goes to
// whoever the datagram says that it is from (RFC 8656, section 21.1.6). Each address gets no
// more of those answers than it may begin connections.
func isUnsigned(packet []byte) bool {
	if !stun.IsMessage(packet) {
		return false // data of a channel, for one
	}
	var header stun.MessageType
	header.ReadValue(uint16(packet[0])<<8 | uint16(packet[1]))
	if header.Class != stun.ClassRequest || header.Method == stun.MethodBinding {
		return false
	}
	var m stun.Message
	return stun.Decode(packet, &m) != nil || !m.Contains(stun.AttrMessageIntegrity)
}
