package signal

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"

	"golang.org/x/net/proxy"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// dial opens the connection below MQTT, through the proxy that ALL_PROXY names, if
// it does.
func (c *Client) dial() (net.Conn, error) {
	if c.cfg.Dial != nil {
		return c.cfg.Dial()
	}
	server := c.cfg.Server
	if server.Scheme == "ws" || server.Scheme == "wss" {
		return dialWebSocket(withoutPin(server), tlsFor(server, c.cfg.TLS))
	}
	conn, err := proxy.FromEnvironmentUsing(&net.Dialer{Timeout: connectTimeout}).Dial("tcp", server.Host)
	if err != nil || server.Scheme == "mqtt" {
		return conn, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	secure := tls.Client(conn, tlsFor(server, c.cfg.TLS))
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
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
