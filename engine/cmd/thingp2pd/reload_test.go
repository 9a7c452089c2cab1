package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A server takes over what it can without losing a client, says what it cannot take over,
// and stays as it is with a configuration that is wrong.
func TestReload(t *testing.T) {
	config := filepath.Join(t.TempDir(), "thingp2pd.conf")
	write := func(text string) {
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const rest = "mqtt 127.0.0.1:0\nturn =\nproxy-protocol 127.0.0.1\n"
	write(rest + "max-clients-per-ip = 1\n")
	d := start(t, "-config", config, "-turn", "") // which has the last word
	defer d.stop(syscall.SIGTERM)
	server := regexp.MustCompile(`mqtt://\S+`).FindString(d.line)
	open := withHeader(2)(netip.MustParseAddr("192.0.2.1"))
	one, err := login(t, server, "one", open)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Disconnect(0)
	if _, err := login(t, server, "two", open); err == nil {
		t.Error("a second client was let in")
	}

	write(rest + "max-clients-per-ip = many\n")
	d.cmd.Process.Signal(syscall.SIGHUP)
	d.stderr.want(t, "everything stays as it was", 1)
	if _, err := login(t, server, "three", open); err == nil {
		t.Error("a second client was let in by a wrong configuration")
	}

	write(rest + "max-clients-per-ip = 2\nname another.example.org\nturn :1\n")
	d.cmd.Process.Signal(syscall.SIGHUP)
	d.stderr.want(t, "the configuration was read again", 1)
	d.stderr.want(t, "flag=name", 1)
	if text := d.stderr.String(); strings.Contains(text, "flag=max") {
		t.Error(text)
	}
	d.cmd.Process.Signal(syscall.SIGHUP)
	d.stderr.want(t, "flag=name", 2) // as long as it has not been restarted
	if text := d.stderr.String(); strings.Contains(text, "flag=turn") {
		t.Error(text)
	}
	two, err := login(t, server, "four", open)
	if err != nil {
		t.Fatal(err)
	}
	two.Disconnect(0)
	if !one.IsConnected() {
		t.Error("a client was lost")
	}
}

func TestWhatHasChanged(t *testing.T) {
	before := parseSettings("a 1\nb 1\nb 2\nc 1\nd\n")
	after := parseSettings("a = 1\nb 2\nb 1\ne 1\nd\n")
	if got := changed(before, after); !slices.Equal(got, []string{"b", "c", "e"}) {
		t.Errorf("%q", got)
	}
}

// A server without relays has nothing to wait for.
func TestDrainOfNothing(t *testing.T) {
	d := start(t, "-mqtt", "127.0.0.1:0", "-turn", "", "-drain", "1h")
	if code := d.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d without a relay\n%s", code, &d.stderr)
	}
}

// What is written of a running server is what flags are called.
func TestWhileItRuns(t *testing.T) {
	for _, name := range whileItRuns {
		if _, says := configured(t, name+" 1s\n"); strings.Contains(says, "is not the name") {
			t.Error(says)
		}
	}
}
