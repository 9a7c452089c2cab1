package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine"
)

// Whatever is set, what is accepted can be used.
func FuzzOptions(f *testing.F) {
	for key, value := range map[string]string{
		"server": "mqtts://user:password@example.org:8883", "lan": "off", "lan_port": "47474", "relay": "only",
		"max_sessions": "65536", "offline_ms": "1000", "send_buffer": "+4096", "state_dir": "", "ca_file": "x", "": "",
	} {
		f.Add(key, value)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		var o optionSet
		before := o.values
		ok := o.set(key, value)
		c := o.values
		if !ok && !reflect.DeepEqual(c, before) {
			t.Errorf("%q = %q is refused and changes %+v", key, value, c)
		}
		if engine.CheckServer(c.Server) != nil || c.MaxSessions < 0 || c.MaxSessions > 65536 || c.SendBuffer < 0 || c.SendBuffer > 64<<20 ||
			c.OfflineAfter < 0 || c.OfflineAfter > time.Hour || c.Relay < engine.RelayAuto || c.Relay > engine.RelayOnly {
			t.Errorf("%q = %q makes %+v", key, value, c)
		}
	})
}
