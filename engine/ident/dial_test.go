package ident

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"testing"
)

// A server hears what will be spoken; one that refuses what it does not know is asked again, and others are not.
func TestDialTLS(t *testing.T) {
	mine, other := certify(t, newKey(t)), certify(t, newKey(t))
	for name, test := range map[string]struct {
		server *tls.Config
		chosen string
		dials  int
		fails  bool
	}{
		"knows it":             {&tls.Config{Certificates: []tls.Certificate{mine}, NextProtos: []string{"h2", "mqtt"}}, "mqtt", 1, false},
		"knows no names":       {&tls.Config{Certificates: []tls.Certificate{mine}}, "", 1, false},
		"knows other names":    {&tls.Config{Certificates: []tls.Certificate{mine}, NextProtos: []string{"h2"}}, "", 2, false},
		"has another key":      {&tls.Config{Certificates: []tls.Certificate{other}}, "", 1, true},
		"refuses all the same": {&tls.Config{}, "", 2, true},
	} {
		dials, heard := 0, [][]string{}
		test.server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			heard = append(heard, hello.SupportedProtos)
			return nil, nil
		}
		var servers sync.WaitGroup
		dial := func() (net.Conn, error) {
			dials++
			ours, theirs := net.Pipe()
			servers.Go(func() {
				tls.Server(theirs, test.server).Handshake()
				theirs.Close()
			})
			return ours, nil
		}
		config := &tls.Config{ServerName: "example.org"}
		PinTLS(config, Pin(mine.Leaf))
		conn, err := DialTLS(t.Context(), dial, config, "mqtt")
		chosen := ""
		if err == nil {
			chosen = conn.(*tls.Conn).ConnectionState().NegotiatedProtocol
			conn.(*tls.Conn).NetConn().Close()
		}
		servers.Wait()
		if (err != nil) != test.fails || chosen != test.chosen || dials != test.dials || !slices.Equal(heard[0], []string{"mqtt"}) {
			t.Errorf("%s: %v, %q after %d dials, %q", name, err, chosen, dials, heard)
		}
	}
}
