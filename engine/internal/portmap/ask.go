package portmap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/thingp2p/libthingp2p/engine/internal/hosts"
)

// patience is how long a gateway has to answer a request, and the next: it is one hop away.
var patience = []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}

var (
	errNoGateway = errors.New("the router is not known")
	errSilent    = errors.New("the router does not answer: it may have port mapping off")
)

// ask asks the gateway, for some seconds.
func (m *Mapper) ask() (*grant, error) {
	gateway, own := m.net.Gateway()
	if !gateway.Is4() || !own.Is4() {
		return nil, errNoGateway
	}
	if m.by != gateway || m.own != own {
		m.held, m.asked = nil, asked{} // one who is not there any more
	}
	if m.held != nil && m.held.inside != m.port() || m.asked.inside != m.port() {
		m.release()
	}
	m.by, m.own = gateway, own
	conn, err := m.net.Listen(0)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := m.workers.WhenDone(m.ctx, func() { conn.Close() })
	defer stop()
	a := answers{wish: m.wish(lifetime)}
	m.asked.inside = a.port
	if m.held != nil && m.held.by != nil {
		if g, err := m.mapBy(m.ctx, m.held.by, a.wish); err == nil {
			return g, nil
		}
	}
	say := func(text []byte, to netip.Addr, port uint16) {
		conn.WriteTo(text, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, port))) // lost if it fails, as on any network
	}
	for try, patience := range patience {
		m.asked.pcp = true
		say(a.pcp(), gateway, gatewayPort)
		if try > 0 || a.speaksNATPMP { // of which some do not answer what is newer
			m.asked.natpmp = true
			say(natpmpAsksAddress, gateway, gatewayPort)
			say(a.natpmp(), gateway, gatewayPort)
		}
		if try > 0 {
			say([]byte(search), gateway, searchPort)
			say([]byte(search), searchGroup, searchPort)
		}
		conn.SetReadDeadline(time.Now().Add(patience))
		if g := a.listen(conn, gateway); g != nil {
			return g, nil
		}
		if m.ctx.Err() != nil {
			return nil, m.ctx.Err()
		}
		if a.location != nil {
			break // what is simpler would have been quicker
		}
	}
	switch {
	case a.location != nil:
		s, err := m.find(m.ctx, a.location)
		if err != nil {
			return nil, err
		}
		return m.mapBy(m.ctx, s, a.wish)
	case a.refusal != nil:
		return nil, a.refusal
	}
	return nil, errSilent
}

func (m *Mapper) wish(lifetime time.Duration) wish {
	if m.held != nil {
		return wish{m.nonce, m.own, m.held.inside, m.held.outside.Port(), lifetime}
	}
	return wish{m.nonce, m.own, m.port(), m.port(), lifetime}
}

// listen waits for a grant until the deadline, or until the gateway turns out to speak
// NAT-PMP only.
func (a *answers) listen(conn net.PacketConn, gateway netip.Addr) *grant {
	old, buffer := a.speaksNATPMP, make([]byte, 1500)
	for a.speaksNATPMP == old {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return nil
		}
		source := hosts.AddrPort(from)
		if source.Addr() != gateway {
			continue
		}
		if source.Port() != gatewayPort { // UPnP has no rule for it
			if location := locationIn(buffer[:n], gateway); location != nil {
				a.location = location
			}
		} else if g := a.take(buffer[:n]); g != nil {
			return g
		}
	}
	return nil
}

// asked is what the gateway may have made a mapping for. One that is slow answers when the next
// protocol has been tried, and a mapping by one is nothing that another can end.
type asked struct {
	inside      uint16
	pcp, natpmp bool
}

// release gives back what the gateway has for us, or may have, and hardly waits for it: a mapping
// ends by itself, too.
func (m *Mapper) release() {
	if m.held != nil && m.held.by != nil {
		m.unmapBy(m.held.by, m.held.outside.Port())
	}
	a := m.asked
	m.held, m.asked = nil, asked{}
	if !a.pcp && !a.natpmp {
		return
	}
	conn, err := m.net.Listen(0)
	if err != nil {
		return
	}
	defer conn.Close()
	end := wish{nonce: m.nonce, own: m.own, port: a.inside} // RFC 6886, section 3.4; RFC 6887, section 15.1
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(m.by, gatewayPort))
	if a.pcp {
		conn.WriteTo(end.pcp(), to)
	}
	if a.natpmp {
		conn.WriteTo(end.natpmp(), to)
	}
}

// usable says what is wrong with a mapping. One on another address than that from which the
// host is seen ends behind another NAT, or is not there at all.
func usable(g *grant, seen netip.Addr) error {
	switch {
	case g.outside.Addr() != seen:
		return fmt.Errorf("the router maps a port of %v, and in the internet this host is at %v", g.outside.Addr(), seen)
	case g.outside.Port() == 0 || g.lifetime == 0:
		return errors.New("the router grants no port, or no time")
	}
	return nil
}
