package discovery

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// A device is found in the local network once the program that has the port is gone, in each of the two ways.
func TestPortThatIsTaken(t *testing.T) {
	for name, taken := range map[string][]string{"IPv4": {"udp4"}, "both": {"udp4", "udp6"}} {
		t.Run(name, func(t *testing.T) {
			var others []*net.UDPConn
			port := 0
			for tries := 0; len(others) < len(taken); tries++ { // until a port is free in each way
				for _, conn := range others {
					conn.Close()
				}
				others, port = nil, 0
				for _, network := range taken {
					conn, err := net.ListenUDP(network, &net.UDPAddr{Port: port})
					if err != nil && tries < 20 {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					others, port = append(others, conn), conn.LocalAddr().(*net.UDPAddr).Port
				}
			}
			var all sync.WaitGroup
			l, err := Listen(nil, uint16(port), func([]byte, netip.AddrPort) {}, all.Go, slog.New(slog.DiscardHandler))
			defer all.Wait()
			defer l.Close()
			if l.udp4 != nil || (err != nil) != (l.udp6 == nil) {
				t.Fatalf("IPv4 %v, IPv6 %v, %v", l.udp4 != nil, l.udp6 != nil, err)
			}
			for _, conn := range others {
				conn.Close()
			}
			if l.again == nil {
				t.Error("it is not tried again")
			}
			l.look()
			if l.udp4 == nil || len(taken) > 1 && l.udp6 == nil {
				t.Error("it cannot be found, and the port is free")
			}
		})
	}
}
