package rendezvous

import (
	"net"

	"github.com/pion/stun"
)

// deskConn lets a desk see the message that pion asks it about, and say why it was refused:
// pion handles one at a time, in the goroutine that has read it.
type deskConn struct {
	net.PacketConn
	desk *desk
}

func (c deskConn) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	n, from, err = c.PacketConn.ReadFrom(p)
	c.desk.message, c.desk.forbidden = p[:max(n, 0)], false
	return n, from, err
}

func (c deskConn) WriteTo(p []byte, to net.Addr) (int, error) {
	if !isErrorResponse(p) || !c.desk.forbidden { // in this order: others write here, but no errors
		return c.PacketConn.WriteTo(p, to)
	}
	if _, err := c.PacketConn.WriteTo(c.desk.withReason(p), to); err != nil {
		return 0, err
	}
	return len(p), nil
}

// forbid notes that the client may not send to a peer, and returns false.
func (d *desk) forbid() bool {
	d.forbidden = true
	d.relays.forbidden.Add(1)
	return false
}

// withReason makes 403 of an error: RFC 8656, sections 10.2 and 12.2. pion says "unauthorized", or nothing.
func (d *desk) withReason(p []byte) []byte {
	var m stun.Message
	if err := stun.Decode(p, &m); err != nil {
		return p
	}
	key := d.secrets.Load().keyFor(d.last.username, Realm, d.message)
	reason, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), m.Type, stun.CodeForbidden, stun.MessageIntegrity(key))
	if err != nil {
		return p
	}
	return reason.Raw
}
