package discovery

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// A packet that causes a panic is lost; the next one is heard.
func TestFaultOverAPacket(t *testing.T) {
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	guard := panics.Guard{Log: slog.New(slog.NewTextHandler(&log, nil))}
	heard := make(chan string, 1)
	var reader sync.WaitGroup
	reader.Go(func() {
		readPackets(udp, guard, func(p []byte, _ netip.AddrPort) {
			if string(p) == "bad" {
				panic("the test's own")
			}
			heard <- string(p)
		})
	})
	for _, text := range []string{"bad", "good"} {
		if _, err := udp.WriteToUDPAddrPort([]byte(text), udp.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			t.Fatal(err)
		}
	}
	if text := <-heard; text != "good" {
		t.Errorf("heard %q", text)
	}
	udp.Close()
	reader.Wait()
	if !strings.Contains(log.String(), "TestFaultOverAPacket") {
		t.Errorf("the log: %s", log.String())
	}
}
