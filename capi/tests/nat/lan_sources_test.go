package nat

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab"
)

// spoofer sends UDP packets over IPv4 from addresses of its choice.
type spoofer struct {
	t  *testing.T
	fd int
}

func newSpoofer(t *testing.T, h *lab.Host) *spoofer {
	t.Helper()
	s := &spoofer{t: t}
	var err error
	h.Do(func() { s.fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(s.fd) })
	return s
}

func (s *spoofer) send(payload []byte, from, to netip.AddrPort) {
	header := []byte{0: 0x45, 8: 64, 9: syscall.IPPROTO_UDP, 27: 0} // the kernel fills in the rest
	copy(header[12:], from.Addr().AsSlice())
	copy(header[16:], to.Addr().AsSlice())
	binary.BigEndian.PutUint16(header[20:], from.Port())
	binary.BigEndian.PutUint16(header[22:], to.Port())
	binary.BigEndian.PutUint16(header[24:], uint16(8+len(payload))) // and no checksum
	syscall.Sendto(s.fd, append(header, payload...), 0, &syscall.SockaddrInet4{Addr: to.Addr().As4()})
}

// TestLANFloodFromManySources: 12 Mbit/s from four hundred addresses, on the link and
// elsewhere, of what looks like questions and like knocks, keep out neither an app
// that is paired, which connects within two seconds, nor one that comes for the
// first time, which competes with them.
func TestLANFloodFromManySources(t *testing.T) {
	const (
		sources    = 400
		onTheLink  = 150
		perTick    = 16
		tick       = time.Millisecond
		wantWithin = 2 * time.Second
	)
	n := lab.New(t, lab.Options{})
	home := n.Switch("home", 0)
	device := startCamera(t, home.Host("device", lab.IPv4), t.TempDir(), "")
	app := home.Host("app", lab.IPv4)
	friend := startPhone(t, app, "")
	friend.lanConnect(device.ticket)

	address := netip.MustParseAddrPort(device.address)
	targets := []netip.AddrPort{address, netip.AddrPortFrom(address.Addr(), discoveryPort)}
	from := func(i int) netip.AddrPort {
		ip := address.Addr().As4()
		if i %= sources; i >= onTheLink {
			ip = [4]byte{172, 16, byte(i >> 8)}
		}
		ip[3] = byte(100 + i)
		return netip.AddrPortFrom(netip.AddrFrom4(ip), 9)
	}
	attacker := newSpoofer(t, home.Host("attacker", lab.IPv4))
	stop := make(chan struct{})
	sent := 0
	var flood sync.WaitGroup
	flood.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		noise := make([]byte, querySize)
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			for range perTick {
				rand.Read(noise)
				noise[0] = query
				attacker.send(noise, from(sent), targets[sent/sources%2])
				sent++
			}
		}
	})
	start := time.Now()
	for time.Since(start) < 3*time.Second {
		for name, phone := range map[string]*program{"a paired app": friend, "a new one": startPhone(t, app, "")} {
			c := phone.lanConnect(device.id)
			t.Logf("%s connected after %v", name, c)
			if c.own > wantWithin && phone == friend { // a new one competes with the flood
				t.Errorf("%s connected after %v", name, c)
			}
		}
	}
	close(stop)
	flood.Wait()
	t.Logf("%.0f packets a second", float64(sent)/time.Since(start).Seconds())
}
