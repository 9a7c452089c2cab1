package signal

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// A client whose credentials are from a secret that is no more has those of the new one as soon as
// it is refused, whether the server has said so or not, and asks for them no more often than need be.
func TestCredentialsThatWereRefusedAreReplaced(t *testing.T) {
	withServer(t, func(t *testing.T, s *testServer) {
		d := &documents{}
		named := func(credential string) ICEServers {
			return ICEServers{TURN: []TURNServer{{URL: "turn:203.0.113.1:3478", Username: "1800000000:t2p", Credential: credential}}}
		}
		d.set(named("of the old secret"))
		d.answer(s)
		c := s.client(Device, "dev")
		has := func() string { return c.Relays(t.Context())[0].Credential }
		if has() != "of the old secret" {
			t.Fatal(has())
		}
		d.set(named("of the new secret"))
		changed := c.NewICE()
		begin := time.Now()
		c.AskICE()
		<-changed
		if has() != "of the new secret" || time.Since(begin) > 0 {
			t.Errorf("after %v: %s", time.Since(begin), has())
		}

		asked := d.count(isSubscribeToICE)
		for range 60 {
			c.AskICE()
			time.Sleep(time.Second)
		}
		if n, most := d.count(isSubscribeToICE)-asked, int(time.Minute/askICEPause); n == 0 || n > most {
			t.Errorf("asked %d times in a minute, want %d at most", n, most)
		}

		// Where the connection is lost, it does not wait for its turn to come back.
		s.cut()
		d.set(named("of a third one"))
		synctest.Wait()
		changed, begin = c.NewICE(), time.Now()
		c.AskICE()
		<-changed
		if has() != "of a third one" || time.Since(begin) > 0 {
			t.Errorf("after %v: %s", time.Since(begin), has())
		}
	})
}

func isSubscribeToICE(p packets.ControlPacket) bool {
	subscribe, ok := p.(*packets.SubscribePacket)
	return ok && len(subscribe.Topics) == 1 && subscribe.Topics[0] == iceTopic
}
