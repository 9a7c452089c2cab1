package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"syscall"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/pires/go-proxyproto"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/lab/await"
)

// login logs an app in that is reached through conn, or by the headers of a WebSocket.
func login(t *testing.T, server, name string, open func(*paho.ClientOptions)) (paho.Client, error) {
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	id := ident.Format(key.Public().(ed25519.PublicKey))
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	password := ident.NewPassword(ident.App, id, u.Host, time.Now(), func(text []byte) []byte { return ed25519.Sign(key, text) })
	o := paho.NewClientOptions().AddBroker(server).SetClientID("test").SetAutoReconnect(false).SetConnectRetry(false).SetUsername(id).SetPassword(password)
	open(o)
	c := paho.NewClient(o)
	token := c.Connect()
	if !token.WaitTimeout(await.Limit) {
		t.Fatal("no answer to a login")
	}
	return c, token.Error()
}

// Limits are those of the client, not of the proxy that it comes through.
func TestBehindAProxy(t *testing.T) {
	ready := regexp.MustCompile(`server=((?:mqtt|ws)://127\.0\.0\.1:[0-9]+)`)
	for name, test := range map[string]struct {
		args []string
		open func(client netip.Addr) func(*paho.ClientOptions)
	}{
		"PROXY 1":   {[]string{"-mqtt", "127.0.0.1:0", "-proxy-protocol", "127.0.0.0/8"}, withHeader(1)},
		"PROXY 2":   {[]string{"-mqtt", "127.0.0.1:0", "-proxy-protocol", "127.0.0.1"}, withHeader(2)},
		"WebSocket": {[]string{"-mqtt", "", "-ws", "127.0.0.1:0", "-forwarded-for", "127.0.0.1"}, withForwardedFor},
	} {
		t.Run(name, func(t *testing.T) {
			d := start(t, append(test.args, "-turn", "", "-max-clients-per-ip", "1")...)
			defer d.stop(syscall.SIGTERM)
			match := ready.FindStringSubmatch(d.line)
			if match == nil {
				t.Fatalf("printed %q\n%s", d.line, &d.stderr)
			}
			first, second := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
			one, err := login(t, match[1], "one", test.open(first))
			if err != nil {
				t.Fatal(err)
			}
			defer one.Disconnect(0)
			if _, err := login(t, match[1], "two", test.open(first)); err == nil {
				t.Error("a second client of the same address was let in")
			}
			other, err := login(t, match[1], "three", test.open(second))
			if err != nil {
				t.Fatalf("a client of another address: %v\n%s", err, &d.stderr)
			}
			other.Disconnect(0)
		})
	}
}

func withHeader(version byte) func(netip.Addr) func(*paho.ClientOptions) {
	return func(client netip.Addr) func(*paho.ClientOptions) {
		return func(o *paho.ClientOptions) {
			o.SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
				conn, err := net.Dial("tcp", u.Host)
				if err != nil {
					return nil, err
				}
				_, err = proxyproto.HeaderProxyFromAddrs(version, net.TCPAddrFromAddrPort(netip.AddrPortFrom(client, 9)), conn.RemoteAddr()).WriteTo(conn)
				return conn, err
			})
		}
	}
}

func withForwardedFor(client netip.Addr) func(*paho.ClientOptions) {
	return func(o *paho.ClientOptions) {
		o.SetHTTPHeaders(http.Header{"X-Forwarded-For": {"203.0.113.1, " + client.String()}})
	}
}

// Who does not say for whom a connection is gets none.
func TestAProxyWithoutAHeader(t *testing.T) {
	d := start(t, "-mqtt", "127.0.0.1:0", "-turn", "", "-proxy-protocol", "127.0.0.1")
	defer d.stop(syscall.SIGTERM)
	server := regexp.MustCompile(`mqtt://\S+`).FindString(d.line)
	if _, err := login(t, server, "one", func(*paho.ClientOptions) {}); err == nil {
		t.Error("a client was let in without a header")
	}
}
