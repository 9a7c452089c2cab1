package hosts

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// resolver asks the DNS servers that the system names now. Go looks into its file again only when
// 5 s have passed, and a host that goes from one network to another has other servers at once: those
// of the old network may be out of reach.
var resolver = &net.Resolver{Dial: dialNameserver}

// systemServers is where a Unix system names them; others have no such file, and tell Go otherwise.
const systemServers = "/etc/resolv.conf"

// turns is for hosts with several: who is asked in place of one that is not there any more.
var turns atomic.Uint32

// dialNameserver is called for each question, with the server that Go would ask.
func dialNameserver(ctx context.Context, network, address string) (net.Conn, error) {
	text, _ := os.ReadFile(systemServers)
	return new(net.Dialer).DialContext(ctx, network, nameserverNow(address, nameservers(text)))
}

// nameserverNow is the address itself as long as it is among those of now.
func nameserverNow(address string, now []netip.AddrPort) string {
	known, err := netip.ParseAddrPort(address)
	if err != nil || len(now) == 0 || slices.Contains(now, known) {
		return address
	}
	return now[int(turns.Add(1)-1)%len(now)].String()
}

// nameservers reads resolv.conf(5).
func nameservers(text []byte) (servers []netip.AddrPort) {
	const port = 53
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 2 || words[0] != "nameserver" {
			continue
		}
		if ip, err := netip.ParseAddr(words[1]); err == nil {
			servers = append(servers, netip.AddrPortFrom(ip, port))
		}
	}
	return servers
}
