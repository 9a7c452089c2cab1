package rendezvous

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/pion/stun"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// Whichever address of its machine a client asks, the answer comes from there: a socket that
// is connected takes no other.
func TestAnswersComeFromTheAddressAsked(t *testing.T) {
	for _, test := range []struct{ listen, asked string }{
		{":0", "127.0.0.2"}, {":0", "127.0.0.3"}, {"0.0.0.0:0", "127.0.0.2"}, {"0.0.0.0:0", "127.0.0.1"}, {":0", "::1"},
	} {
		t.Run(test.listen+" "+test.asked, func(t *testing.T) {
			s, err := NewTURN(TURNConfig{Secret: testSecret, PublicIP: loopback})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			port, err := s.ListenUDP(test.listen)
			if err != nil {
				t.Fatal(err)
			}
			client, err := net.Dial("udp", net.JoinHostPort(test.asked, strconv.Itoa(port)))
			if err != nil {
				t.Skip(err) // a machine without IPv6
			}
			defer client.Close()
			client.SetDeadline(await.Deadline())
			if _, err := client.Write(turnRequest(stun.MethodBinding)); err != nil {
				t.Fatal(err)
			}
			answer := stun.New()
			if _, err := answer.ReadFrom(client); err != nil {
				t.Fatal(err)
			}
			var seen stun.XORMappedAddress
			if err := seen.GetFrom(answer); err != nil || seen.String() != client.LocalAddr().String() {
				t.Errorf("seen as %v, %v; want %v", seen, err, client.LocalAddr())
			}
		})
	}
}

// Whoever makes up addresses makes the socket forget none of those who hold a relay.
func TestHoldersAreNotForgotten(t *testing.T) {
	conn, err := net.ListenPacket("udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := answeringFromTheAddressAsked(conn).(*askedSocket)
	client, err := net.Dial("udp4", net.JoinHostPort("127.0.0.2", strconv.Itoa(conn.LocalAddr().(*net.UDPAddr).Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetDeadline(await.Deadline())
	if _, err := client.Write([]byte("a request")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	_, from, err := s.ReadFrom(p)
	if err != nil {
		t.Fatal(err)
	}
	says := func(answer string) {
		t.Helper()
		if _, err := s.WriteTo([]byte(answer), from); err != nil {
			t.Fatal(err)
		}
		if n, err := client.Read(p); err != nil || string(p[:n]) != answer {
			t.Fatalf("%q, %v", p[:n], err)
		}
	}
	says(string(granted) + " an allocation")
	others := func(n int, hold bool) {
		for i := range n {
			other := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
			s.note(other, control{})
			if hold {
				s.asks(other, granted)
			}
		}
	}
	others(2*maxAsked, false)
	says("what a peer sends")
	others(maxHolding-1, true)
	says("what a peer sends later")
	others(maxHolding-1, true)
	says("what a peer sends at last")
}

func FuzzControlMessage(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, said []byte) { answering(said) })
}
