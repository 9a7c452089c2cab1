package nat

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/thingp2p/libthingp2p/engine/lab"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// The tests here let others' programs take the place of ours: mosquitto that of
// the broker, coturn that of the relay.

// need skips the test if a program is missing, or fails it where everything has
// to be there.
func need(t *testing.T, program string) (path string) {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("missing: %s", program)
	default:
		t.Skipf("missing: %s", program)
	}
	return path
}

// write makes a file and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// aclOfReadme returns the lines for mosquitto that README gives.
func aclOfReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(root + "/engine/cmd/thingp2pd/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, acl, found := strings.Cut(string(text), "```acl\n")
	acl, _, closed := strings.Cut(acl, "```")
	if !found || !closed {
		t.Fatal("README.md has no ACL")
	}
	return acl
}

// startMosquitto starts it with README's ACL. Without passwords it believes the
// user name.
func startMosquitto(t *testing.T, h *lab.Host, passwords string) (address string) {
	t.Helper()
	config := "user root\npersistence false\nlistener 1883\nacl_file " + write(t, "acl", aclOfReadme(t)) + "\n"
	if passwords == "" {
		config += "allow_anonymous true\n"
	} else {
		config += "password_file " + passwords + "\n"
	}
	start(t, h, "", need(t, "mosquitto"), "-c", write(t, "mosquitto.conf", config))
	address = net.JoinHostPort(h.IP().String(), "1883")
	awaitPort(t, h, address)
	return address
}

// awaitPort returns when a TCP port takes connections.
func awaitPort(t *testing.T, h *lab.Host, address string) {
	t.Helper()
	await.Until(t, address+" takes connections", func() bool {
		conn, err := dialIn(h, address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func dialIn(h *lab.Host, address string) (conn net.Conn, err error) {
	h.Do(func() { conn, err = net.Dial("tcp", address) })
	return conn, err
}

func TestMosquittoAndCoturn(t *testing.T) {
	turnserver := need(t, "turnserver")
	need(t, "mosquitto")
	n := lab.New(t, lab.Options{Seed: 1})
	serverHost, relayHost := n.PublicHost("server", lab.Link{}), n.PublicHost("relay", lab.Link{})
	broker := startMosquitto(t, serverHost, "")

	const secret = "a secret that coturn and thingp2pd share"
	relay, dir := relayHost.IP().String(), t.TempDir()
	start(t, relayHost, "", turnserver, "-n", "--use-auth-secret", "--static-auth-secret="+secret, "--realm=example.org",
		"--listening-ip="+relay, "--relay-ip="+relay, "--no-cli", "--no-tls", "--no-dtls", "--userdb="+dir+"/turndb",
		"--pidfile="+dir+"/pid", "--no-stdout-log", "--log-file="+dir+"/log")
	awaitPort(t, relayHost, relay+":3478")

	p := start(t, serverHost, "", filepath.Join(directory(t), "thingp2pd"), "-broker", "mqtt://thingp2pd:password@"+broker,
		"-turn", "", "-turn-url", "turn:"+relay+":3478?transport=udp", "-secret", write(t, "secret", secret))
	_, server, ok := strings.Cut(p.line(), "server=")
	if !ok {
		t.Fatal("thingp2pd does not say where it is")
	}

	device := startDevice(t, host(n, "device", "symmetric"), server)
	app := startApp(t, host(n, "app", "symmetric"), server)
	if c := app.connect(device); c.path != pathRelay {
		t.Errorf("path %d, want %d", c.path, pathRelay)
	}
	app.transfer("get 300000")
	app.transfer("put 300000")
}

// mqttClient is a client of mosquitto and the topics of what it got.
type mqttClient struct {
	paho.Client
	got chan string
}

// connectMosquitto connects with an account whose password is "password".
func connectMosquitto(t *testing.T, h *lab.Host, address, account string) *mqttClient {
	t.Helper()
	c := &mqttClient{got: make(chan string, 100)}
	options := paho.NewClientOptions().AddBroker("mqtt://" + address).SetUsername(account).SetPassword("password").SetAutoReconnect(false).
		SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) { return dialIn(h, address) }).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { c.got <- m.Topic() + " " + string(m.Payload()) })
	c.Client = paho.NewClient(options)
	finish(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func finish(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(await.Limit) || token.Error() != nil {
		t.Fatal("MQTT:", token.Error())
	}
}

// TestACLForMosquitto holds README's ACL against what the embedded broker
// enforces, except for wildcards: mosquitto filters what they deliver.
func TestACLForMosquitto(t *testing.T) {
	need(t, "mosquitto")
	device, other := strings.Repeat("d", 52), strings.Repeat("e", 52)
	passwords := filepath.Join(t.TempDir(), "passwords")
	for i, account := range []string{device, other, "app", "thingp2pd"} {
		args := []string{"-b", passwords, account, "password"}
		if i == 0 {
			args = append([]string{"-c"}, args...)
		}
		if out, err := exec.Command(need(t, "mosquitto_passwd"), args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	n := lab.New(t, lab.Options{Seed: 1})
	h := n.PublicHost("server", lab.Link{})
	address := startMosquitto(t, h, passwords)

	const ice = "t2p/1/ice"
	inbox, status, appInbox := "t2p/1/d/"+device+"/rx", "t2p/1/d/"+device+"/st", "t2p/1/a/someone/rx"
	clients := map[string]*mqttClient{}
	for _, account := range []string{device, other, "app", "thingp2pd"} {
		c := connectMosquitto(t, h, address, account)
		finish(t, c.Subscribe("#", 1, nil)) // what comes is what it may read
		clients[account] = c
	}
	// One message of each account to each topic. QoS 1: mosquitto has dealt with
	// a message when it is acknowledged.
	for account, c := range clients {
		for _, topic := range []string{inbox, status, appInbox, ice} {
			finish(t, c.Publish(topic, 1, false, account))
		}
	}
	all := []string{device, other, "app", "thingp2pd"}
	mayRead := map[string][]string{inbox: {device}, status: all, appInbox: {"app"}, ice: all}
	mayPublish := map[string][]string{inbox: all, status: {device}, appInbox: all, ice: {"thingp2pd"}}
	for account, c := range clients {
		want := map[string]bool{}
		for topic, readers := range mayRead {
			for _, publisher := range mayPublish[topic] {
				for _, reader := range readers {
					if reader == account {
						want[topic+" "+publisher] = true
					}
				}
			}
		}
		for len(want) > 0 {
			select {
			case got := <-c.got:
				if !want[got] {
					t.Errorf("%s reads %q", account, got)
				}
				delete(want, got)
			case <-time.After(await.Limit):
				t.Fatalf("%s does not get %v", account, want)
			}
		}
		// Its own message to itself comes after all that it must not get.
		finish(t, c.Unsubscribe("#"))
		if len(c.got) > 0 {
			t.Errorf("%s reads %q, too", account, <-c.got)
		}
	}
}
