package rendezvous

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// desk is where the clients of one socket or connection authenticate and get
// their relays. pion tells its address generator nothing about the client, but
// it calls authenticate first and from the same goroutine, so the desk knows.
type desk struct {
	guard   panics.Guard
	relays  *relays
	secrets *atomic.Pointer[secrets]
	message []byte       // that was read last, see deskConn
	read    time.Time    // when it was
	last    client       // whom authenticate saw last
	admit   func() error // lets a connection in; nil for a socket
	errors  *errorLimit  // of a socket

	refusal stun.ErrorCode // why the message is, where pion says nothing of it; 0 if it is not
}

// client is who holds a relay.
type client struct {
	at       *desk
	address  netip.AddrPort
	username string
}

func (t *TURN) newDesk() *desk {
	return &desk{guard: panics.Guard{Log: t.cfg.Log}, relays: t.relays, secrets: &t.secrets}
}

// authenticate returns the key that the client's message must be signed with.
// A credential that has ended still serves the allocation that was made with
// it: a session on the relay lasts as long as its two ends want it to.
func (d *desk) authenticate(username, realm string, from net.Addr) ([]byte, bool) {
	d.last = client{d, addressOf(from), username}
	expires, ok := expiryOf(username)
	if !ok || realm != Realm || !time.Now().Before(expires) && d.relays.heldBy(d.last) == nil {
		return nil, false
	}
	if d.relays.othersAt(d.last) { // RFC 8656, section 5: whose relay it is, pion does not ask
		d.refusal = stun.CodeWrongCredentials
		return nil, false
	}
	return d.secrets.Load().keyFor(username, realm, d.message), true
}

// holdsRelay reports whether the client seen last has a relay.
func (d *desk) holdsRelay() bool { return d.last.username != "" && d.relays.heldBy(d.last) != nil }

// Validate, AllocatePacketConn and AllocateConn make a desk pion's
// RelayAddressGenerator.

func (d *desk) Validate() error { return nil }

func (d *desk) AllocatePacketConn(_ string, port int) (conn net.PacketConn, address net.Addr, err error) {
	defer d.guard.RecoverTo(&err)
	if d.admit != nil {
		if err := d.admit(); err != nil {
			return nil, nil, err
		}
	}
	at := d.homeAsked()
	if at == nil {
		d.refusal = stun.CodeAddrFamilyNotSupported
		return nil, nil, errors.New("no relay of this address family")
	}
	relay, err := d.relays.allocate(d.last, at, port)
	switch {
	case errors.Is(err, errQuota):
		d.refusal = stun.CodeAllocQuotaReached
	case errors.Is(err, errDraining) && d.relays.otherThan(d.last).IsValid():
		d.refusal = stun.CodeTryAlternate
	}
	if err != nil {
		return nil, nil, err
	}
	return relay, net.UDPAddrFromAddrPort(relay.address), nil
}

// homeAsked returns where the message wants its relay, IPv4 if it says nothing: RFC 8656,
// section 7.2. It is nil where this server has none.
func (d *desk) homeAsked() *home {
	var m stun.Message
	if stun.Decode(d.message, &m) != nil {
		return d.relays.homes[0]
	}
	family, err := m.Get(stun.AttrRequestedAddressFamily)
	if err != nil {
		return d.relays.homes[0]
	}
	for _, h := range d.relays.homes {
		if len(family) == 4 && family[0] == h.family {
			return h
		}
	}
	return nil
}

func (d *desk) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errors.New("relays are UDP only")
}

// addressOf returns addr's IP and port; zero for what has none, like a pipe.
func addressOf(addr net.Addr) netip.AddrPort {
	var a netip.AddrPort
	switch addr := addr.(type) {
	case *net.UDPAddr:
		a = addr.AddrPort()
	case *net.TCPAddr:
		a = addr.AddrPort()
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
