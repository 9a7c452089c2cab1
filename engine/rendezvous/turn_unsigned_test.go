package rendezvous

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

func turnRequest(method stun.Method, more ...stun.Setter) []byte {
	return stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, more...)...).Raw
}

func TestWhatIsUnsigned(t *testing.T) {
	signed := stun.NewShortTermIntegrity("password")
	for name, test := range map[string]struct {
		packet []byte
		want   bool
	}{
		"allocate":        {turnRequest(stun.MethodAllocate), true},
		"refresh":         {turnRequest(stun.MethodRefresh, stun.NewSoftware("any")), true},
		"permission":      {turnRequest(stun.MethodCreatePermission), true},
		"broken":          {append(turnRequest(stun.MethodAllocate)[:18], 0xff, 0xff), true},
		"signed":          {turnRequest(stun.MethodAllocate, signed), false},
		"binding":         {turnRequest(stun.MethodBinding), false},
		"send indication": {stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication)).Raw, false},
		"channel data":    {[]byte{0x40, 0, 0, 4, 1, 2, 3, 4}, false},
		"nothing":         {nil, false},
		"short":           {[]byte{0}, false},
	} {
		if got := isUnsigned(test.packet); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// tireless is a socket on which one who shows no credentials is never done.
type tireless struct {
	net.PacketConn
	next func() (packet []byte, from string)
}

func (s tireless) ReadFrom(p []byte) (int, net.Addr, error) {
	packet, from := s.next()
	return copy(p, packet), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)), nil
}

// Nobody is answered all the time because somebody sends requests in his name, and others
// hear nothing of it.
func TestUnsignedRequestsAreLimitedByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flood, other := turnRequest(stun.MethodAllocate), 0
		sent := 0
		p := &packetSocket{guard: panics.Guard{}, unsigned: newAttempts(), ended: func() {}, PacketConn: tireless{next: func() ([]byte, string) {
			sent++
			time.Sleep(100 * time.Microsecond)
			if sent%1000 == 0 {
				return turnRequest(stun.MethodAllocate), "192.0.2.2:1"
			}
			return flood, "192.0.2.1:1"
		}}}
		answered, begin := 0, time.Now()
		for b := make([]byte, 1500); time.Since(begin) < 10*time.Second; {
			_, from, err := p.ReadFrom(b)
			if err != nil {
				t.Fatal(err)
			}
			if addressOf(from).Addr() == netip.MustParseAddr("192.0.2.1") {
				answered++
			} else {
				other++
			}
		}
		if most := attemptsAtOnce + 10*attemptsPerSecond + 1; answered > most || answered < attemptsAtOnce {
			t.Errorf("%d of %d were answered", answered, sent)
		}
		if other != sent/1000 {
			t.Errorf("%d of %d of another address were answered", other, sent/1000)
		}
	})
}

func FuzzUnsigned(f *testing.F) {
	f.Add(turnRequest(stun.MethodAllocate))
	f.Add([]byte{0x40, 0, 0, 4, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, packet []byte) { isUnsigned(packet) })
}
