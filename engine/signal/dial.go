package signal

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	"golang.org/x/net/proxy"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// dialTimeout bounds what has no bound of its own, such as a proxy. It is long enough for
// a name whose first DNS servers do not answer.
const dialTimeout = 30 * time.Second

// dial opens the connection below MQTT, through the proxy that ALL_PROXY names, if
// it does. It is given up when the network changes.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	if c.cfg.Dial != nil {
		return c.cfg.Dial()
	}
	ctx, giveUp := context.WithTimeout(ctx, dialTimeout)
	defer giveUp()
	c.giveUpWhenMoved(ctx, giveUp)
	server := c.cfg.Server
	if server.Scheme == "ws" || server.Scheme == "wss" {
		config := tlsFor(server, c.cfg.TLS)
		config.NextProtos = []string{"http/1.1"} // HTTP/2 has no upgrade
		return c.dialWebSocket(ctx, withoutPin(server), config)
	}
	dial := func() (net.Conn, error) {
		return proxy.FromEnvironmentUsing(connector(c.cfg.Connect)).(proxy.ContextDialer).DialContext(ctx, "tcp", server.Host)
	}
	if server.Scheme == "mqtt" {
		return dial()
	}
	return ident.DialTLS(ctx, dial, tlsFor(server, c.cfg.TLS), "mqtt")
}

func (c *Client) giveUpWhenMoved(ctx context.Context, giveUp func()) {
	c.mu.Lock()
	moved := c.moved
	c.mu.Unlock()
	c.leaving.Go(func() {
		select {
		case <-moved:
			giveUp()
		case <-ctx.Done():
		}
	})
}

// connector is a Config's Connect as a proxy wants it.
type connector func(ctx context.Context, hostPort string) (net.Conn, error)

func (c connector) Dial(network, address string) (net.Conn, error) {
	return c.DialContext(context.Background(), network, address)
}

func (c connector) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	return c(ctx, address)
}

func tlsFor(server *url.URL, config *tls.Config) *tls.Config {
	if config == nil {
		config = &tls.Config{}
	}
	config = config.Clone()
	config.ServerName = server.Hostname()
	config.MinVersion = tls.VersionTLS12
	if pin, pinned := pinOf(server); pinned {
		ident.PinTLS(config, pin)
	}
	return config
}
