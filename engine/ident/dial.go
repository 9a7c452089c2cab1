package ident

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// handshakeTime is beside what the dial takes, which may have to wait for DNS.
const handshakeTime = 5 * time.Second

// DialTLS returns a TLS connection over one that dial opens. The server is told by ALPN
// (RFC 7301) what will be spoken, in case it serves several protocols at one address.
func DialTLS(ctx context.Context, dial func() (net.Conn, error), config *tls.Config, protocol string) (net.Conn, error) {
	config = config.Clone()
	config.NextProtos = []string{protocol}
	conn, err := dialTLS(ctx, dial, config)
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" {
		// Some servers end the handshake when they do not know the name; without one they
		// have no reason to.
		config.NextProtos = nil
		return dialTLS(ctx, dial, config)
	}
	return conn, err
}

func dialTLS(ctx context.Context, dial func() (net.Conn, error), config *tls.Config) (net.Conn, error) {
	conn, err := dial()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}
