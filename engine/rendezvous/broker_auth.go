package rendezvous

import (
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// authHook decides who may connect. This is the place for proof that a client
// holds the key that its topics name; until then anybody may connect, and what
// protects the two ends is that they authenticate each other end to end.
type authHook struct{ mqtt.HookBase }

func (h *authHook) ID() string           { return "auth" }
func (h *authHook) Provides(b byte) bool { return b == mqtt.OnConnectAuthenticate }

// OnConnectAuthenticate also holds the will to the rules for publishing: it is
// published without asking again.
func (h *authHook) OnConnectAuthenticate(_ *mqtt.Client, pk packets.Packet) bool {
	if !pk.Connect.WillFlag {
		return true
	}
	will := pk.Connect
	return mayPublish(will.WillTopic) && (!will.WillRetain || isStatus(will.WillTopic) && len(will.WillPayload) <= maxStatusBytes)
}
