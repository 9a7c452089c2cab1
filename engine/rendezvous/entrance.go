package rendezvous

import (
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// What is spoken on a connection, by the names of ALPN (RFC 7301).
const (
	protoMQTT = "mqtt"
	protoHTTP = "http/1.1"  // a WebSocket, once it is upgraded
	protoTURN = "stun.turn" // RFC 7443
)

// services are who serves connections, by protocol.
type services map[string]func(net.Conn)

// entrance is a TCP address of the server. Services with the same address share it:
// what a client says first tells which one it has come for.
//
//	accepted ──┬──────────────────────────────┬─ first byte ─► plain
//	           └─ 0x16 ─► TLS ─┬─ ALPN ───────┼──────────────► secure
//	                           └──────────────┴─ first byte ─► secure
type entrance struct {
	net.Listener
	address       string // as configured
	config        *tls.Config
	plain, secure services
}

// entranceAt returns the one at an address, and opens it if there is none. Port 0
// means another one each time.
func (s *Server) entranceAt(address string, config *tls.Config) (*entrance, error) {
	for _, e := range s.entrances {
		if e.address == address && !anyPort(address) {
			return e, nil
		}
	}
	l, err := listen(address)
	if err != nil {
		return nil, err
	}
	e := &entrance{Listener: l, address: address, config: config, plain: services{}, secure: services{}}
	s.entrances = append(s.entrances, e)
	return e, nil
}

func anyPort(address string) bool { return strings.HasSuffix(address, ":0") }

func (e *entrance) port() int { return e.Addr().(*net.TCPAddr).Port }

// open lets clients in.
func (e *entrance) open(a *acceptors) {
	if len(e.secure) > 0 {
		e.config = limitTLS(e.config, slices.Sorted(maps.Keys(e.secure)), a.http, &a.handshakes.begun)
	}
	if len(e.secure) > 0 || len(e.plain) > 1 {
		a.accept(e, func(conn net.Conn) {
			a.workers.Go(func() { a.handOver(conn, func(conn net.Conn) { a.sort(conn, e) }) })
		})
		return
	}
	for _, serve := range e.plain {
		a.accept(e, serve)
	}
}

// sort gives a connection to the service that it has come for.
func (a *acceptors) sort(conn net.Conn, e *entrance) {
	stop := a.workers.WhenDone(a.ctx, func() { conn.Close() })
	defer stop()
	conn.SetDeadline(knockOf(conn).until())
	sorted, serve, err := e.which(conn, &a.handshakes.done)
	if err != nil {
		a.log.Debug("a client has come for no service that is here", "remote", conn.RemoteAddr(), "error", err)
		conn.Close()
		return
	}
	conn.SetDeadline(time.Time{}) // the service has deadlines of its own
	serve(sorted)
}

// which returns the service that a connection has come for, and the connection as the
// service shall have it. It counts handshakes that are done.
func (e *entrance) which(conn net.Conn, done *atomic.Uint64) (_ net.Conn, serve func(net.Conn), err error) {
	const handshake = 0x16 // RFC 8446, section 5.1
	choice, first := e.plain, byte(handshake)
	if len(e.plain) > 0 {
		if conn, first, err = peek(conn); err != nil {
			return nil, nil, err
		}
	}
	if first == handshake && len(e.secure) > 0 {
		secure := tls.Server(conn, e.config)
		if err := secure.Handshake(); err != nil {
			return nil, nil, err
		}
		done.Add(1)
		if serve := e.secure[secure.ConnectionState().NegotiatedProtocol]; serve != nil {
			return secure, serve, nil
		}
		choice = e.secure
		if conn, first, err = peek(secure); err != nil {
			return nil, nil, err
		}
	}
	if serve = choice[protocolOf(first)]; serve == nil {
		return nil, nil, errNoService
	}
	return conn, serve, nil
}

var errNoService = errors.New("no service speaks what begins like that")

// protocolOf tells by its first byte what a client speaks; "" is nothing that is
// served here.
func protocolOf(first byte) string {
	switch {
	case first == 0x10: // CONNECT: MQTT 3.1.1, section 3.1.1. No method of STUN begins so.
		return protoMQTT
	case 'A' <= first && first <= 'Z': // a method: RFC 9110, section 9.1. Nobody begins with ChannelData.
		return protoHTTP
	case first>>6 == 0: // RFC 8489, section 5
		return protoTURN
	}
	return ""
}

// peek returns the first byte that comes, and a connection that still has it.
func peek(conn net.Conn) (*peeked, byte, error) {
	p := &peeked{Conn: conn, first: make([]byte, 1)}
	n := 0
	for n == 0 {
		var err error
		if n, err = conn.Read(p.first); n == 0 && err != nil {
			return nil, 0, err
		}
	}
	return p, p.first[0], nil
}

// peeked is a connection of which the first byte has been read.
type peeked struct {
	net.Conn
	first []byte // what has not been read again
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}

// NetConn returns the connection below.
func (p *peeked) NetConn() net.Conn { return p.Conn }

func (p *peeked) Close() error { return closeNow(p.Conn) }
