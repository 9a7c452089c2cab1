package rendezvous

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/transport/v2/vnet"
	pion "github.com/pion/turn/v2"
)

type virtualNet struct {
	cut  atomic.Bool
	host func(ip string) *vnet.Net
}

// virtualTURN returns a TURN server on a virtual network, in fake time, and the
// network, which drops everything while its flag is set.
func virtualTURN(t *testing.T) (*TURN, string, *virtualNet) {
	t.Helper()
	v := &virtualNet{}
	logs := pionLogs{Config{}.withDefaults().Log}
	wan, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "203.0.113.0/24", LoggerFactory: logs})
	if err != nil {
		t.Fatal(err)
	}
	wan.AddChunkFilter(func(vnet.Chunk) bool { return !v.cut.Load() })
	v.host = func(ip string) *vnet.Net {
		n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{ip}})
		if err != nil {
			t.Fatal(err)
		}
		if err := wan.AddNet(n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const address = "203.0.113.1:3478"
	server, err := NewTURN(TURNConfig{Secret: testSecret, PublicIP: netip.MustParseAddr("203.0.113.1"), Net: v.host("203.0.113.1")})
	if err != nil {
		t.Fatal(err)
	}
	if err := wan.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wan.Stop() })
	t.Cleanup(func() { server.Close() })
	if _, err := server.ListenUDP(address); err != nil {
		t.Fatal(err)
	}
	return server, address, v
}

func TestAnAllocationOutlivesItsCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, address, network := virtualTURN(t)
		here := network.host("203.0.113.2")
		username, password := Credential(testSecret, sharedName, time.Now().Add(time.Minute))
		dial := func() (*pion.Client, net.PacketConn) {
			conn, err := here.ListenPacket("udp4", "203.0.113.2:0")
			if err != nil {
				t.Fatal(err)
			}
			c, err := pion.NewClient(&pion.ClientConfig{TURNServerAddr: address, Conn: conn, Username: username, Password: password, Net: here})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Listen(); err != nil {
				t.Fatal(err)
			}
			return c, conn
		}
		client, conn := dial()
		defer conn.Close()
		defer client.Close()
		relay, err := client.Allocate()
		if err != nil {
			t.Fatal(err)
		}
		peer, err := network.host("203.0.113.3").ListenPacket("udp4", "203.0.113.3:5000")
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()

		exchange(t, relay, peer)
		time.Sleep(7 * time.Second) // out of step with the refreshes
		// Three hours: many refreshes of allocation, permission and nonce. The
		// relay only listens: to write more than five minutes after the first
		// write is a data race in pion's client.
		for range 36 {
			time.Sleep(5 * time.Minute)
			peer.WriteTo([]byte("still there"), relay.LocalAddr())
			if n, _, err := relay.ReadFrom(make([]byte, 100)); n != len("still there") || err != nil {
				t.Fatal(n, err)
			}
		}
		late, lateConn := dial()
		defer lateConn.Close()
		defer late.Close()
		if _, err := late.Allocate(); err == nil {
			t.Error("a new allocation with an expired credential")
		}

		relay.Close()
		server.relays.wait()
	})
}

func TestAnAbandonedAllocationEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, address, network := virtualTURN(t)
		here := network.host("203.0.113.2")
		conn, err := here.ListenPacket("udp4", "203.0.113.2:0")
		if err != nil {
			t.Fatal(err)
		}
		username, password := Credential(testSecret, sharedName, time.Now().Add(time.Minute))
		client, err := pion.NewClient(&pion.ClientConfig{TURNServerAddr: address, Conn: conn, Username: username, Password: password, Net: here})
		if err != nil {
			t.Fatal(err)
		}
		client.Listen()
		relay, err := client.Allocate()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		network.cut.Store(true) // as if the client were killed
		server.relays.wait()
		if got := time.Since(start); got > 10*time.Minute {
			t.Errorf("the relay lasts %v", got)
		}
		relay.Close()
		client.Close()
		conn.Close()
		time.Sleep(time.Minute) // pion's client is still waiting for answers
	})
}

func TestTURNStreamTimers(t *testing.T) {
	for name, test := range map[string]struct {
		says []byte
		want time.Duration
	}{
		"says nothing":        {nil, helloTimeout},
		"never finishes":      {stunMessage(8, 4), helloTimeout},
		"asks once and stays": {stunMessage(0, 0), idleTimeout},
		"talks nonsense":      {[]byte("\xff\xff\xff\xff"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, err := NewTURN(TURNConfig{Secret: testSecret, PublicIP: loopback})
				if err != nil {
					t.Fatal(err)
				}
				ours, theirs := net.Pipe()
				server.ServeStream(theirs)
				start := time.Now()
				ours.Write(test.says)
				if _, err := io.Copy(io.Discard, ours); err != nil && !errors.Is(err, io.ErrClosedPipe) {
					t.Error(err)
				}
				if got := time.Since(start); got != test.want {
					t.Errorf("lasts %v, want %v", got, test.want)
				}
				server.Close()
			})
		})
	}
}
