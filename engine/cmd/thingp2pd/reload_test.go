package main

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/pion/logging"
	pion "github.com/pion/turn/v2"

	"github.com/thingp2p/libthingp2p/engine/lab/await"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
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

	write("") // as a full disk leaves it
	d.cmd.Process.Signal(syscall.SIGHUP)
	d.stderr.want(t, "the configuration file is empty", 1)
	if _, err := login(t, server, "three", open); err == nil {
		t.Error("a second client was let in by an empty configuration")
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

// Reloads while clients come lose none of them.
func TestReloadUnderLoad(t *testing.T) {
	config := filepath.Join(t.TempDir(), "thingp2pd.conf")
	write := func(ttl int) {
		text := fmt.Sprintf("mqtt 127.0.0.1:0\nturn =\nturn-url turn:192.0.2.%d:3478?transport=udp\nttl %dm\n", ttl, ttl)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(1)
	d := start(t, "-config", config)
	defer d.stop(syscall.SIGTERM)
	server := regexp.MustCompile(`mqtt://\S+`).FindString(d.line)
	var lost atomic.Int64
	watched := func(o *paho.ClientOptions) {
		o.SetConnectionLostHandler(func(paho.Client, error) { lost.Add(1) })
	}
	var clients []paho.Client
	for i := range 100 {
		c, err := login(t, server, fmt.Sprint("client ", i), watched)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
		if i%5 == 0 {
			write(2 + i%7)
			d.cmd.Process.Signal(syscall.SIGHUP)
		}
	}
	d.stderr.want(t, "the configuration was read again", 1)
	for _, c := range clients {
		if !c.IsConnectionOpen() {
			lost.Add(1)
		}
	}
	if n := lost.Load(); n > 0 {
		t.Errorf("%d clients were lost", n)
	}
	for _, c := range clients {
		c.Disconnect(0)
	}
}

// After SIGTERM a relay goes on until it ends by itself, nobody gets another, and whoever watches the server is told.
func TestDrainWithARelay(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret of this test"), 0o600); err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	turn := free.Addr().String()
	free.Close()
	d := start(t, "-mqtt", "127.0.0.1:0", "-turn", turn, "-secret", secret, "-drain", "1h", "-admin", "127.0.0.1:0")
	d.stderr.want(t, "its figures are shown", 1)
	page := regexp.MustCompile(`url=(http://\S+)`).FindStringSubmatch(d.stderr.String())
	c := &http.Client{Timeout: await.Limit}
	ready := func() int {
		t.Helper()
		answer, err := c.Get(page[1] + "readyz")
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if code := ready(); code != 200 {
		t.Errorf("%d before", code)
	}
	relay, end, err := allocate(t, turn, "a secret of this test")
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Process.Signal(syscall.SIGTERM)
	d.stderr.want(t, "waiting for those that there are to end", 1)
	await.Until(t, "no welcome for new clients", func() bool { return ready() == 503 }) // a moment after it was logged
	if _, _, err := allocate(t, turn, "a secret of this test"); err == nil {
		t.Error("a relay was allocated")
	}
	got := make([]byte, 100)
	relay.SetDeadline(await.Deadline())
	if _, err := relay.WriteTo([]byte("still"), relay.LocalAddr()); err != nil {
		t.Error(err)
	}
	if n, _, err := relay.ReadFrom(got); err != nil || string(got[:n]) != "still" {
		t.Errorf("%q %v", got[:n], err)
	}
	relay.Close()
	end()
	if code := d.stop(syscall.Signal(0)); code != 0 {
		t.Errorf("exit code %d\n%s", code, &d.stderr)
	}
}

func allocate(t *testing.T, server, secret string) (relay net.PacketConn, end func(), err error) {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	username, password := rendezvous.Credential(secret, "somebody", time.Now().Add(time.Hour))
	c, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: server, Conn: socket, Username: username, Password: password, Realm: rendezvous.Realm,
		LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err == nil {
		err = c.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	relay, err = c.Allocate()
	return relay, func() {
		c.Close()
		socket.Close()
	}, err
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
