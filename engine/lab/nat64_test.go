//go:build linux

package lab

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// A host that has IPv6 only reaches an IPv4 one at the address that DNS makes up for it, with each length of prefix.
func TestNAT64(t *testing.T) {
	n := New(t, Options{})
	public := n.PublicHost("public", Link{})
	echo := listen(t, public)
	for _, prefix := range []string{"2001:db9::/32", "2001:db9::/40", "2001:db9::/48", "2001:db9::/56", "2001:db9::/64", "2001:db9::/96"} {
		mobile := n.NAT64("mobile", netip.MustParsePrefix(prefix), Link{})
		mobile.Set("public.test", public.IP())
		host := mobile.Host("app")
		out, err := host.Command("getent", "ahosts", "public.test").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %s, %v", prefix, out, err)
		}
		synthesised := netip.MustParseAddr(strings.Fields(string(out))[0])
		if synthesised != mobile.synthesised(public.IP()) || !mobile.prefix.Contains(synthesised) {
			t.Errorf("%s: the name has the address %v", prefix, synthesised)
		}
		var conn net.Conn
		host.Do(func() {
			conn, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(synthesised, echo.addr().Port())))
		})
		if err != nil {
			t.Fatal(err)
		}
		var from netip.AddrPort
		buffer := make([]byte, 100)
		await.Until(t, prefix+": a packet has come", func() bool { // the translator may not be there yet, and neighbours not known
			conn.Write([]byte(prefix))
			echo.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			var n int
			n, from, err = echo.ReadFromUDPAddrPort(buffer)
			return err == nil && string(buffer[:n]) == prefix
		})
		if from.Addr().Unmap() != mobile.IP() {
			t.Errorf("%s: from %v", prefix, from)
		}
		conn.Close()
	}
}
