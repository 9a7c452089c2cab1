package engine

import (
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/pion/transport/v2/vnet"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// What is lost once, or refused once, is tried again.

// A relay is found when the direct path has died, but the first probe through it is lost, with all its repetitions.
func TestProbeThatIsLostIsRepeated(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(portRestricted), w.home(fullCone), nil)
		app, device := p.connect(0)
		time.Sleep(time.Second) // the relay may have won
		checkPath(t, app, device, PathDirect)
		direct, probes, first := between(p.appHome, p.deviceHome), 0, time.Time{}
		lose := func(c vnet.Chunk) bool {
			large := len(c.UserData()) > 1000 && c.DestinationAddr().(*net.UDPAddr).IP.String() == serverIP // as probes are
			if large && probes == 0 {
				first = time.Now()
			}
			if large && time.Since(first) < probeTime {
				probes++
				return true
			}
			return direct(c)
		}
		time.AfterFunc(time.Second, func() { w.drop(lose) })
		arrivals, err := runAll(p.traffic(app, device, 10)...)
		w.must(err)
		for _, a := range arrivals {
			if a.silent > moveTime/2 || probes == 0 {
				t.Errorf("silent for %v, and %d probes lost", a.silent, probes)
			}
		}
		checkPath(t, app, device, PathRelay)
	})
}

// A relay is refused, and granted later: a client had too many, say, or the server has started anew.
func TestRelayThatIsRefusedIsAskedForAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		p := w.pair(w.home(symmetric), w.home(symmetric), nil)
		document, err := json.Marshal(rendezvous.ICEDocument{
			V: 1, Expires: time.Now().Add(time.Hour).Unix(), STUN: []string{net.JoinHostPort(serverIP, turnPort)},
			TURN: []rendezvous.TURNServer{{URL: "turn:" + net.JoinHostPort(serverIP, turnPort) + "?transport=udp", Username: "1", Credential: "1"}},
		})
		w.must(err)
		w.must(w.broker.Publish(rendezvous.ICETopic, document, true))
		time.Sleep(time.Second)
		time.AfterFunc(time.Second, w.publishServers)
		app, device := p.connect(0)
		checkPath(t, app, device, PathRelay)
		w.must(exchange(app, device))
	})
}
