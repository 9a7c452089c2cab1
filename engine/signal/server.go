package signal

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// ports are the registered defaults of MQTT, and of HTTP for MQTT over
// WebSocket.
var ports = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// pinKey names the part of a server's address that holds the pin of its
// certificate: mqtts://host:8883?pin=…
const pinKey = "pin"

// ParseServer parses a rendezvous server's address:
// mqtt://, mqtts://, ws:// or wss:// [user:password@]host[:port][/path][?pin=…].
// The result has its port filled in. With a pin, see ident.Pin, the server's
// certificate need not be from an authority.
func ParseServer(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, errors.New("the server's address is not a URL such as mqtt://example.org:1883")
	}
	port, known := ports[u.Scheme]
	if !known {
		return nil, fmt.Errorf("the server's address starts with %q, not with mqtt, mqtts, ws or wss", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("the server's address names no host")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return nil, fmt.Errorf("the server's port %s is not one from 1 to 65535", port)
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err != nil && strings.Contains(host, ":") || strings.ContainsFunc(host, notInHost) {
		return nil, fmt.Errorf("the server's host %q is neither a name nor an IP address", host)
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return nil, errors.New("what follows the ? in the server's address is damaged: copy the address again from the server")
	}
	if pin, pinned := pinOf(u); pinned {
		if u.Scheme != "mqtts" && u.Scheme != "wss" {
			return nil, fmt.Errorf("the server's address has a pin, which only mqtts and wss have a use for, not %s", u.Scheme)
		}
		if !ident.ValidPin(pin) {
			return nil, errors.New("the pin in the server's address is damaged: copy the address again from the server")
		}
	}
	u.Host = net.JoinHostPort(host, port)
	return u, nil
}

// notInHost reports what neither a name, in its ASCII form (RFC 5891), nor an
// address nor its zone has, and what would not survive being written and read.
func notInHost(r rune) bool { return r <= ' ' || r > '~' || r == '[' || r == ']' }

// pinOf returns the pin in a server's address.
func pinOf(server *url.URL) (pin string, pinned bool) {
	query := server.Query()
	return query.Get(pinKey), query.Has(pinKey)
}

// withoutPin returns the address to dial: the pin is not for the server.
func withoutPin(server *url.URL) *url.URL {
	plain := *server
	query := plain.Query()
	if query.Has(pinKey) {
		query.Del(pinKey)
		plain.RawQuery = query.Encode()
	}
	return &plain
}
