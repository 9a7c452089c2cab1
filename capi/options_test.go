package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine"
)

// What C accepts, Go can use; what it refuses changes nothing.
func FuzzOptions(f *testing.F) {
	for key, value := range map[string]string{
		"server": "mqtts://user:password@example.org:8883", "lan": "off", "lan_port": "47474", "relay": "only",
		"max_sessions": "65536", "offline_ms": "1000", "send_buffer": "+4096", "state_dir": "", "ca_file": "x", "": "",
	} {
		f.Add(key, value)
	}
	for _, server := range append(servers, noServers...) {
		f.Add("server", server)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		if key == "log" || strings.Contains(key+value, "\x00") {
			return // it would make files; C would see other texts
		}
		before := options()
		if setOption(key, value) != engine.OK {
			if after := options(); !reflect.DeepEqual(after, before) {
				t.Errorf("%q = %q is refused and changes %+v", key, value, after)
			}
			return
		}
		if got, ok := option(key); !ok || got != value {
			t.Errorf("%q = %q is kept as %q, %v", key, value, got, ok)
		}
		var c engine.Config
		if !setters[key](&c, value) {
			t.Errorf("%q = %q is accepted, and cannot be used", key, value)
		}
	})
}

const pin = "qL9gV8y6kmyLw2bWbxuJwMUnhUT5KNx5zPOKdYiS7lE"

var servers = []string{
	"", "mqtt://example.org", "mqtts://example.org:8883", "ws://example.org:80", "wss://example.org/mqtt", "mqtt://example.org:",
	"mqtt://user:password@192.0.2.1:1883", "mqtt://user@example.org", "mqtt://user:p%40ss:w@rd!@example.org", "mqtt://[2001:db8::1]",
	"mqtts://[2001:db8::1]:65535", "MQTT://example.org", "mqtts://example.org:8883?pin=" + pin, "wss://example.org/path?a=b&pin=" + pin,
	"mqtt://[fe80::1%25eth0]:1", "mqtt://xn--bcher-kva.example", "ws://example.org/a b/\u00fc?x#y", "mqtt://2001:db8::1:1883",
	"mqtt://" + strings.Repeat("a", 193),
}

var noServers = []string{
	"example.org", "example.org:1883", "//example.org", "tcp://example.org", "http://example.org", "mqtt:", "mqtt:example.org",
	"mqtt://", "mqtt://:1883", "mqtt://user@:1883", "mqtt:///path", "mqtt://example.org:port", "mqtt://example.org:0",
	"mqtt://example.org:65536", "mqtt://example.org:-1", "mqtt://exa mple.org", "mqtt://example.org\n", "mqtt://[::1", "mqtt://%zz",
	"mqtt://]", "mqtt://a]:1", "mqtt://::", " mqtt://example.org", "mqtt://b\u00fccher.example", "mqtt://example.org?pin=" + pin,
	"mqtts://example.org?pin=", "mqtts://example.org?pin=x", "mqtts://example.org?pin=" + pin[:42] + "F", "mqtts://example.org?pin=x&pin=" + pin,
	"mqtt://example.org?%zz", "mqtt://example.org/%z", "mqtt://example.org#%", "mqtt://" + strings.Repeat("a", 194),
	"mqtt://u%zz@example.org", "mqtt://[192.0.2.1]", "mqtt://example.org?a;b",
}

// C and Go agree about addresses of servers.
func TestServers(t *testing.T) {
	for _, server := range servers {
		if err := engine.CheckServer(server); setOption("server", server) != engine.OK || err != nil {
			t.Errorf("%q is refused by C, or by Go: %v", server, err)
		}
	}
	for _, server := range noServers {
		if setOption("server", server) != engine.ErrInvalidParameter || engine.CheckServer(server) == nil {
			t.Errorf("%q is accepted by C or by Go", server)
		}
	}
}
