package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func configured(t *testing.T, text string, args ...string) (*options, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "thingp2pd.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var says strings.Builder
	o, err := parseFlags(append([]string{"-config", file}, args...), &says)
	if err != nil && says.Len() == 0 {
		t.Errorf("%v, and nobody is told", err)
	}
	return o, says.String()
}

func TestConfigurationFile(t *testing.T) {
	o, says := configured(t, "# ours\n\nmqtt = :1884\n\tttl 5m\r\nallow-private-peers\nrefuse-others=false\nname a.example.org\nname=b.example.org\nturn =\n", "-ttl", "7m", "-name", "c.example.org")
	c := o.server
	if says != "" || c.MQTT != ":1884" || c.TTL != 7*time.Minute || !c.AllowPrivatePeers || c.RefuseOthers || c.TURN != "" ||
		!slices.Equal(c.Names, []string{"a.example.org", "b.example.org", "c.example.org"}) {
		t.Errorf("%+v\n%s", c, says)
	}
}

// All that is wrong is said at once, with its line.
func TestWrongConfigurationFile(t *testing.T) {
	_, says := configured(t, "mqqt :1883\nttl = soon\nconfig other\n-ws :80\nrelay-ports 9-1\n")
	for _, want := range []string{`conf:1: "mqqt" is not the name`, `conf:2: "ttl"`, `conf:3: "config" is for the command line`, `conf:4: "-ws" is not the name`, `conf:5: "relay-ports"`} {
		if !strings.Contains(says, want) {
			t.Errorf("%q is not in\n%s", want, says)
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, text := range []string{"", "mqtt :1", "mqtt=:1\nv", "a = = b", "#\n \t\r\n=", "ttl\t1s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range parseSettings(text) {
			if strings.ContainsAny(s.name+s.value, "\n") || strings.ContainsAny(s.name, " \t=") || s.line < 1 {
				t.Errorf("%+v", s)
			}
			flags := flag.NewFlagSet("", flag.ContinueOnError)
			flags.SetOutput(io.Discard)
			(&options{}).define(flags)
			if flags.Lookup(s.name) != nil {
				flags.Set(s.name, s.value)
			}
		}
	})
}
