package rendezvous

import (
	"github.com/pion/stun"
	pion "github.com/pion/turn/v2"
)

// secrets are what credentials may be signed with: the one that signs now, and those
// before it. A credential outlives the secret that has signed it, for as long as it says
// itself, so that a new secret takes no relay away from anybody.
type secrets struct {
	now string
	old []string
}

// keyFor returns the key of a message from who has a username. It does not say which
// secret its credential is from, so each is tried: message is nil if there is none to try
// them on. What fits none gets the key that does not fit either.
func (s secrets) keyFor(username, realm string, message []byte) []byte {
	key := pion.GenerateAuthKey(username, realm, passwordOf(s.now, username))
	if len(s.old) == 0 || isSignedWith(key, message) {
		return key
	}
	for _, secret := range s.old {
		older := pion.GenerateAuthKey(username, realm, passwordOf(secret, username))
		if isSignedWith(older, message) {
			return older
		}
	}
	return key
}

// isSignedWith checks the MESSAGE-INTEGRITY (RFC 8489, section 14.5).
func isSignedWith(key, message []byte) bool {
	var m stun.Message
	return stun.Decode(message, &m) == nil && stun.MessageIntegrity(key).Check(&m) == nil
}
