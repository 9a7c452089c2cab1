package rendezvous

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// member is who a connection has proven to be.
type member struct {
	role byte // ident.App or ident.Device
	id   string
}

// authHook lets in who proves, by an ident.Login, that it holds the key of the
// id that its topics name.
type authHook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *authHook) ID() string           { return "auth" }
func (h *authHook) Provides(b byte) bool { return b == mqtt.OnConnectAuthenticate }

// OnConnectAuthenticate also holds the will to the rules for publishing: it is
// published without asking again.
func (h *authHook) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	c, ok := cl.Net.Conn.(*clientConn)
	if !ok {
		return false
	}
	who, err := h.broker.login(c, string(pk.Connect.Username), string(pk.Connect.Password))
	if err != nil {
		h.broker.refused(c, err)
		return false
	}
	if will := pk.Connect; will.WillFlag &&
		(who.role != ident.Device || will.WillTopic != statusTopic(who.id) || len(will.WillPayload) > maxStatusBytes) {
		h.broker.refused(c, errors.New("the will is not the device's own status"))
		return false
	}
	if err := c.knock.admit(); err != nil {
		h.broker.refused(c, err)
		c.Close() // it is not the login that is wrong: no answer says so better than any
		return false
	}
	c.who = who
	// A client id of MQTT belongs to who chose it: with another's, nobody takes
	// that one's session over.
	cl.ID = string(who.role) + who.id + cl.ID
	return true
}

// login checks in the order of cost.
func (b *Broker) login(c *clientConn, user, password string) (member, error) {
	l, err := ident.ParseLogin(user, password)
	if err != nil {
		return member{}, err
	}
	now := time.Now()
	if err := l.CheckTime(now); err != nil {
		return member{}, err
	}
	if host := l.Host(); !b.isCalled(host, c.LocalAddr()) {
		return member{}, fmt.Errorf("the login is for the server %q: if that is this one, give -name %s", host, host)
	}
	if err := c.knock.mayWork(); err != nil {
		return member{}, err
	}
	if err := l.CheckSignature(); err != nil {
		return member{}, err
	}
	if !b.logins.first(l, now) {
		return member{}, errors.New("the login has been used before")
	}
	return member{l.Role, l.ID}, nil
}

// refused logs, and no more often than somebody can read: strangers cause it.
func (b *Broker) refused(c *clientConn, err error) {
	b.mu.Lock()
	loud := b.refusals.take(1, 0.1, 5, time.Now())
	b.mu.Unlock()
	if loud {
		b.log.Warn("a client was refused", "remote", c.RemoteAddr(), "error", err)
	} else {
		b.log.Debug("a client was refused", "remote", c.RemoteAddr(), "error", err)
	}
}

// isCalled reports whether clients reach this server under host: by one of its
// names, or by the address that the connection came to. The port does not
// count, since a port may be forwarded from any other.
func (b *Broker) isCalled(host string, local net.Addr) bool {
	here := addressOf(local).Addr().WithZone("") // the client's zone has another name
	if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().WithZone("") == here {
		return true
	}
	name := plainName(host)
	return slices.Contains(b.names, name) || name == "localhost" && here.IsLoopback() // RFC 6761, section 6.3
}

// plainName is a host's name or address in one spelling.
func plainName(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
