package rendezvous

import (
	"bufio"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Reverse proxies stand before the server and speak for its clients. Limits count by
// client, so a proxy has to say who that is, and only those are believed that the
// configuration names:
//
//	accepted ─┬─ from a proxy of TCP ─► PROXY header ─► lobby ─► …
//	          └───────────────────────────────────────► lobby ─► WebSocket: X-Forwarded-For

// ProxyHeader reads the header of the PROXY protocol with which a connection begins, and
// returns between whom it is. Invalid addresses mean that the proxy speaks for itself.
type ProxyHeader func(*bufio.Reader) (source, destination netip.AddrPort, err error)

func isOneOf(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// proxied is a connection that a proxy has made for a client.
type proxied struct {
	net.Conn
	rest        *bufio.Reader // what came with the header; nil: nothing is left of it
	source      net.Addr
	destination net.Addr
}

// behindProxy reads the header of a connection.
func behindProxy(conn net.Conn, header ProxyHeader) (net.Conn, error) {
	conn.SetDeadline(time.Now().Add(helloTimeout))
	r := bufio.NewReaderSize(conn, 512)
	source, destination, err := header(r)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	p := &proxied{Conn: conn, rest: r, source: conn.RemoteAddr(), destination: conn.LocalAddr()}
	if source.Addr().IsValid() && destination.Addr().IsValid() {
		p.source, p.destination = net.TCPAddrFromAddrPort(source), net.TCPAddrFromAddrPort(destination)
	}
	return p, nil
}

func (p *proxied) Read(b []byte) (int, error) {
	if p.rest != nil && p.rest.Buffered() > 0 {
		return p.rest.Read(b)
	}
	p.rest = nil
	return p.Conn.Read(b)
}

func (p *proxied) RemoteAddr() net.Addr { return p.source }
func (p *proxied) LocalAddr() net.Addr  { return p.destination }

// NetConn returns the connection below.
func (p *proxied) NetConn() net.Conn { return p.Conn }

// forwardedFor is the client of a request that has come from a proxy: the last address in
// X-Forwarded-For that is not a proxy's itself. What stands before that anybody can have
// written. It is invalid if no proxy has said anything that can be believed.
func forwardedFor(r *http.Request, from netip.Addr, proxies []netip.Prefix) (client netip.Addr) {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for hop := from; isOneOf(proxies, hop) && len(hops) > 0; hops = hops[:len(hops)-1] {
		var err error
		if hop, err = forwardedAddr(strings.TrimSpace(hops[len(hops)-1])); err != nil {
			break
		}
		client = hop
	}
	return client
}

// forwardedAddr also takes an address with a port, which some proxies write.
func forwardedAddr(text string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone(""), nil
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone(""), err
}

// isFrom notes for whom a proxy speaks.
func (k *knock) isFrom(client netip.Addr) {
	k.remote = net.TCPAddrFromAddrPort(netip.AddrPortFrom(client, addressOf(k.remote).Port()))
	k.lobby.mu.Lock()
	var victim *knock
	if k.place != nil {
		if k.counts() {
			drop(k.lobby.waitingFrom, k.from)
		}
		k.from, k.proxied = networkOf(client), false
		if k.counts() {
			k.lobby.waitingFrom[k.from]++
			victim = k.lobby.surplus(k.from)
		}
	}
	k.lobby.mu.Unlock()
	if victim != nil {
		victim.Close()
	}
}
