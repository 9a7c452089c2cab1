package rendezvous

import (
	"net"
	"net/netip"
	"strconv"
)

// loopback is what is left when the machine has no route to anywhere.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// DefaultPublicIP returns the IPv4 address of the interface of the default
// route, or 127.0.0.1 when there is none.
func DefaultPublicIP() netip.Addr {
	// Connecting a UDP socket chooses a route and sends nothing. The address,
	// one for documentation (RFC 5737), stands for the internet.
	conn, err := net.Dial("udp4", "198.51.100.1:9")
	if err != nil {
		return loopback
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
}

// boundIP returns the address in "host:port" if it is a single IPv4 address.
func boundIP(address string) netip.Addr {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil && host == "localhost" {
		return loopback
	}
	if ip = ip.Unmap(); err != nil || !ip.Is4() || ip.IsUnspecified() {
		return netip.Addr{}
	}
	return ip
}

// publicIP returns the address to tell others, and whether it was guessed.
func (c Config) publicIP() (ip netip.Addr, guessed bool) {
	if c.PublicIP.IsValid() {
		return c.PublicIP.Unmap(), false
	}
	for _, address := range []string{c.TURN, c.TURNS, c.MQTT, c.MQTTS, c.WS, c.WSS} {
		if ip := boundIP(address); ip.IsValid() {
			return ip, false
		}
	}
	return DefaultPublicIP(), true
}

// publicIP6 returns the IPv6 address to tell others, or "".
func (c Config) publicIP6() string {
	if c.PublicIP6.IsValid() {
		return c.PublicIP6.String()
	}
	return ""
}

// advertise returns "host:port" of a service that listens on address with port.
func (c Config) advertise(address string, port int, public netip.Addr, host string) string {
	bound := boundIP(address)
	if bound.IsValid() && (bound.IsLoopback() || !c.PublicIP.IsValid()) {
		host = bound.String() // what listens on one address is reached at no other
	} else if host == "" {
		host = public.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
