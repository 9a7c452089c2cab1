package signal

import (
	"errors"
	"fmt"
	"net/url"
)

// ports are the registered defaults of MQTT, and of HTTP for MQTT over
// WebSocket.
var ports = map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}

// ParseServer parses a rendezvous server's address:
// mqtt://, mqtts://, ws:// or wss:// [user:password@]host[:port][/path]. The
// result has its port filled in.
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
	if u.Port() == "" {
		u.Host += ":" + port
	}
	return u, nil
}
