package rendezvous

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

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
	c.desk.message, c.desk.refusal, c.desk.read = p[:max(n, 0)], 0, time.Now()
	return n, from, err
}

func (c deskConn) WriteTo(p []byte, to net.Addr) (int, error) {
	c.desk.noteLifetime(p)
	if !isErrorResponse(p) { // others write here, but no errors
		return c.PacketConn.WriteTo(p, to)
	}
	if !c.desk.mayRefuse(to) {
		return len(p), nil
	}
	if c.desk.refusal == 0 {
		return c.PacketConn.WriteTo(p, to)
	}
	if _, err := c.PacketConn.WriteTo(c.desk.withReason(p), to); err != nil {
		return 0, err
	}
	return len(p), nil
}

// noteLifetime reads in a success until when the client's relay is there: RFC 8656, sections 7.2 and 8.2. pion has begun to
// count after it had read the request.
func (d *desk) noteLifetime(p []byte) {
	if !isSuccess(p, stun.MethodAllocate) && !isSuccess(p, stun.MethodRefresh) {
		return
	}
	var m stun.Message
	if stun.Decode(p, &m) != nil {
		return
	}
	if lifetime, err := m.Get(stun.AttrLifetime); err == nil && len(lifetime) == 4 {
		if relay := d.relays.heldBy(d.last); relay != nil {
			relay.lasts(d.read.Add(time.Duration(binary.BigEndian.Uint32(lifetime)) * time.Second))
		}
	}
}

func isSuccess(p []byte, method stun.Method) bool {
	return stun.IsMessage(p) && binary.BigEndian.Uint16(p) == stun.NewType(method, stun.ClassSuccessResponse).Value()
}

// channel is the number that a message wants to bind (RFC 8656, section 18.1), or 0.
func (d *desk) channel() uint16 {
	var m stun.Message
	if stun.Decode(d.message, &m) != nil || m.Type.Method != stun.MethodChannelBind {
		return 0
	}
	number, err := m.Get(stun.AttrChannelNumber)
	if err != nil || len(number) != 4 {
		return 0
	}
	return binary.BigEndian.Uint16(number)
}

// permits reports whether the client's relay may send to a peer: RFC 8656, sections 10.2 and 12.2.
func (d *desk) permits(peer net.IP, allowed func(net.IP) bool) bool {
	relay := d.relays.heldBy(d.last)
	ip, _ := netip.AddrFromSlice(peer)
	switch {
	case relay != nil && relay.home.public.Is4() != ip.Unmap().Is4():
		d.refusal = stun.CodePeerAddrFamilyMismatch
	case !allowed(peer):
		d.refusal = stun.CodeForbidden
		d.relays.forbidden.Add(1)
	case relay != nil && !relay.grants(ip.Unmap(), d.channel()):
		d.refusal = stun.CodeInsufficientCapacity
	default:
		return true
	}
	return false
}

// withReason says in an error why. pion says "unauthorized", or "insufficient capacity", or nothing.
func (d *desk) withReason(p []byte) []byte {
	var m stun.Message
	if err := stun.Decode(p, &m); err != nil {
		return p
	}
	setters := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), m.Type, d.refusal}
	if other := d.relays.otherThan(d.last); d.refusal == stun.CodeTryAlternate {
		setters = append(setters, &stun.AlternateServer{IP: other.Addr().AsSlice(), Port: int(other.Port())})
	}
	key := d.secrets.Load().keyFor(d.last.username, Realm, d.message)
	reason, err := stun.Build(append(setters, stun.MessageIntegrity(key))...)
	if err != nil {
		return p
	}
	return reason.Raw
}
