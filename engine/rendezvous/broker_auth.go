package rendezvous

import (
	"errors"

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
	err := h.broker.letIn(c, pk.Connect)
	h.broker.counted.count(err)
	if err == nil {
		// A client id of MQTT belongs to who chose it: with another's, nobody takes
		// that one's session over.
		cl.ID = string(c.who.role) + c.who.id + cl.ID
		return true
	}
	h.broker.warn("a client was refused", "remote", c.RemoteAddr(), "error", err)
	switch {
	case errors.As(err, &notNow{}):
		h.broker.mqtt.SendConnack(cl, packets.ErrServerUnavailable, false, nil)
		c.Close() // or another answer would follow
	case errors.Is(err, ident.ErrLoginTime):
		h.broker.mqtt.SendConnack(cl, wrongTime, false, nil)
		c.Close()
	case errors.Is(err, errFull), errors.Is(err, errTooLate):
		c.Close() // it is not the login that is wrong: no answer says so better than any
	}
	return false
}

// letIn makes a connection that of the member who has logged in.
func (b *Broker) letIn(c *clientConn, connect packets.ConnectParams) error {
	l, err := b.login(c, string(connect.Username), string(connect.Password))
	if err != nil {
		return err
	}
	c.who = member{l.Role, l.ID}
	if connect.WillFlag &&
		(c.who.role != ident.Device || connect.WillTopic != statusTopic(c.who.id) || len(connect.WillPayload) > maxStatusBytes) {
		return errWill
	}
	if err := b.admit(c, l); err != nil {
		return err
	}
	return b.door.admit(c.knock)
}

var (
	errWill       = errors.New("the will is not the device's own status")
	errServerName = errors.New("the login is for the server")
)

// wrongTime is "bad user name or password" in MQTT 3.1.1.
var wrongTime = packets.Code{Code: 4}

// login checks what a client shows. Of the ways to refuse that MQTT 3.1.1 has,
// "server unavailable" is for those who do right and shall come again with a fresh
// login (notNow), "bad user name or password" for those whose clock is another, and
// "not authorized" for all others.
func (b *Broker) login(c *clientConn, user, password string) (*ident.Login, error) {
	return b.checks.login(user, password, c.LocalAddr(), c.knock.mayWork)
}
