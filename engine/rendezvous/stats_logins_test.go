package rendezvous

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

func TestLoginsAreCountedByReason(t *testing.T) {
	withBroker(t, BrokerConfig{Admit: listed{theDevice.id: "a"}, RefuseOthers: true, MaxClients: 1}, func(t *testing.T, b *Broker) {
		early := connectPacket(theDevice, 0)
		early.Password = []byte(ident.NewPassword(ident.Device, theDevice.id, pipeServer, time.Now().Add(-time.Minute), theDevice.sign))
		time.Sleep(time.Minute)
		with := func(user, password string) packets.ControlPacket {
			p := connectPacket(theDevice, 0)
			p.Username, p.Password = user, []byte(password)
			return p
		}
		will := connectPacket(theDevice, 0)
		will.WillFlag, will.WillTopic, will.WillMessage = true, appInbox, []byte("off")
		stranger := newPerson(ident.Device, "stranger")
		good := connectPacket(theDevice, 0)

		inside := dialRaw(t, b) // the only one that there is room for
		defer inside.conn.Close()
		inside.send(good)
		inside.receive()
		loginCode(t, b, early)
		loginCode(t, b, good)
		for range 3 {
			loginCode(t, b, with("alice", "secret"))
		}
		for range 2 {
			loginCode(t, b, with(theDevice.id, person{theDevice.member, stranger.key}.password(pipeServer)))
		}
		loginCode(t, b, with(theDevice.id, theDevice.password("example.org:1883")))
		loginCode(t, b, with(theDevice.id, ident.NewPassword(ident.Device, theDevice.id, pipeServer, time.Now().Add(time.Hour), theDevice.sign)))
		loginCode(t, b, will)
		loginCode(t, b, connectPacket(stranger, 0))
		late := dialRaw(t, b)
		late.send(connectPacket(theDevice, 0))
		io.ReadAll(late.conn) // closed without an answer

		got := b.counted.stats()
		want := map[string]uint64{
			"malformed": 3, "signature": 2, "server_name": 1, "time": 1, "will": 1, "not_admitted": 1, "before_start": 1, "replayed": 1,
			"too_fast": 0, "full": 1, "gave_way": 0, "other": 0,
		}
		if got.Accepted != 1 || !maps.Equal(got.Refused, want) {
			t.Errorf("accepted %d, refused %v, want 1 and %v", got.Accepted, got.Refused, want)
		}
	})
}

// TestEachRefusalHasOneReason: also those that take thousands of clients to cause.
func TestEachRefusalHasOneReason(t *testing.T) {
	for reason, causes := range loginRefusals {
		for _, cause := range causes {
			if got := refusalOf(fmt.Errorf("%w: more", cause)); got != reason {
				t.Errorf("%v is counted as %s, want %s", cause, got, reason)
			}
		}
	}
	if got := refusalOf(notNow{errors.New("no answer")}); got != otherRefusal {
		t.Errorf("counted as %s", got)
	}
}
