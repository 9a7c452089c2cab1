package rendezvous

import (
	"net"
	"time"

	"github.com/pion/stun"
)

// errorLimit is how many errors a UDP socket sends to one address: no more than it may begin connections. The answer
// to who shows no credentials, or none that hold, is several times as long as what it answers, and goes to whoever that
// says that it is from (RFC 8656, section 21.1.6). It is the answers that are limited, since a request can look like
// anything. What is said in a client's name by who cannot sign uses up nothing of what the client is told itself.
type errorLimit struct {
	unsigned, signed *attempts
}

func newErrorLimit() *errorLimit { return &errorLimit{newAttempts(), newAttempts()} }

// mayRefuse reports whether the message that was read last may be answered with an error.
func (d *desk) mayRefuse(to net.Addr) bool {
	if d.errors == nil {
		return true
	}
	limited := d.errors.unsigned
	if d.isSigned() {
		limited = d.errors.signed
	}
	return limited.allow(sourceOf(to), time.Now())
}

// isSigned reports whether the message that was read last is from somebody with a credential.
func (d *desk) isSigned() bool {
	var m stun.Message
	if stun.Decode(d.message, &m) != nil {
		return false
	}
	username, err := m.Get(stun.AttrUsername)
	return err == nil && isSignedWith(d.secrets.Load().keyFor(string(username), Realm, d.message), d.message)
}

// isErrorResponse looks at the class of a message (RFC 8489, section 5).
func isErrorResponse(p []byte) bool {
	const class, errorResponse = 0x0110, 0x0110
	return stun.IsMessage(p) && p[0]>>6 == 0 && (int(p[0])<<8|int(p[1]))&class == errorResponse
}
