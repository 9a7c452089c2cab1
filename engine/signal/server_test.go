package signal

import (
	"net"
	"strconv"
	"testing"
)

func TestServerAddressGetsItsPort(t *testing.T) {
	for server, want := range map[string]string{
		"mqtt://example.org":                  "example.org:1883",
		"mqtts://example.org":                 "example.org:8883",
		"ws://example.org":                    "example.org:80",
		"wss://example.org/mqtt":              "example.org:443",
		"mqtt://example.org:1":                "example.org:1",
		"mqtt://example.org:":                 "example.org:1883",
		"mqtt://user:password@192.0.2.1:1883": "192.0.2.1:1883",
		"mqtt://[2001:db8::1]":                "[2001:db8::1]:1883",
		"mqtts://[2001:db8::1]:65535":         "[2001:db8::1]:65535",
		"MQTT://example.org":                  "example.org:1883",
	} {
		if u, err := ParseServer(server); err != nil || u.Host != want {
			t.Errorf("%s: %v, %v, want host %s", server, u, err, want)
		}
	}
}

func TestWhatIsNoServerAddress(t *testing.T) {
	for _, server := range []string{
		"", "example.org", "example.org:1883", "//example.org", "tcp://example.org", "http://example.org", "mqtt:",
		"mqtt:example.org", "mqtt://", "mqtt://:1883", "mqtt://user@:1883", "mqtt:///path", "mqtt://example.org:port",
		"mqtt://example.org:0", "mqtt://example.org:65536", "mqtt://example.org:-1", "mqtt://exa mple.org",
		"mqtt://example.org\n", "mqtt://[::1", "mqtt://%zz", "mqtt://]", "mqtt://a]:1", "mqtt://::", "\x00",
	} {
		if u, err := ParseServer(server); err == nil {
			t.Errorf("%q is %v", server, u)
		}
	}
}

func FuzzParseServer(f *testing.F) {
	for _, server := range []string{
		"mqtt://example.org", "wss://user:password@[2001:db8::1]:443/path?query#fragment", "mqtt://[fe80::1%25eth0]:1",
		"mqtt://a:", "ws://%61",
	} {
		f.Add(server)
	}
	f.Fuzz(func(t *testing.T, server string) {
		u, err := ParseServer(server)
		if err != nil {
			return
		}
		host, port, err := net.SplitHostPort(u.Host)
		if err != nil || host == "" {
			t.Errorf("%q has host %q: %v", server, u.Host, err)
		}
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			t.Errorf("%q has port %q", server, port)
		}
		if again, err := ParseServer(u.String()); err != nil || again.Host != u.Host {
			t.Errorf("%q becomes %v, then %v, %v", server, u, again, err)
		}
	})
}
