package rendezvous

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

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
	last    client       // whom authenticate saw last
	admit   func() error // lets a connection in; nil for a socket

	forbidden bool // the message asks for a peer that no relay reaches
}

// client is who holds a relay.
type client struct {
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
	d.last = client{addressOf(from), username}
	expires, ok := expiryOf(username)
	if !ok || realm != Realm || !time.Now().Before(expires) && !d.relays.held(d.last) {
		return nil, false
	}
	return d.secrets.Load().keyFor(username, realm, d.message), true
}

// holdsRelay reports whether the client seen last has a relay.
func (d *desk) holdsRelay() bool { return d.last.username != "" && d.relays.held(d.last) }

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
	relay, err := d.relays.allocate(d.last, port)
	if err != nil {
		return nil, nil, err
	}
	return relay, net.UDPAddrFromAddrPort(relay.address), nil
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
