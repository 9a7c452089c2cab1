package rendezvous

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Bounds of connections that have not proven yet who they are.
const (
	maxWaiting        = 2048
	maxWaitingAddress = 256
)

// lobby is where connections wait, whichever service they have come for:
//
//	            enter            admit
//	accepted ─────────► waiting ───────► inside, behind a service's door
//	                       │ the oldest, when too many wait
//	                       ▼
//	                     closed
//
// To wait costs memory and nothing else, so nobody is refused who knocks: the
// oldest gives way, first of the same address. Ten thousand connections that
// never say a word do not keep the next one out that does.
type lobby struct {
	attempts *attempts

	mu          sync.Mutex
	waiting     list.List          // of *knock, oldest first
	waitingFrom map[netip.Addr]int // those that count
}

func newLobby() *lobby { return &lobby{attempts: newAttempts(), waitingFrom: map[netip.Addr]int{}} }

// door leads from a lobby to a service.
type door struct {
	*lobby
	maxInside        int // connections at once
	maxInsideAddress int // of them from one address

	// Guarded by the lobby.
	inside     int
	insideFrom map[netip.Addr]int
}

// newDoor makes a door, with a lobby of its own if there is none yet.
func newDoor(l *lobby, maxInside, maxInsideAddress int) *door {
	if l == nil {
		l = newLobby()
	}
	return &door{lobby: l, maxInside: maxInside, maxInsideAddress: maxInsideAddress, insideFrom: map[netip.Addr]int{}}
}

// knock is a connection that came to a lobby. It must be closed.
type knock struct {
	net.Conn
	lobby   *lobby
	remote  net.Addr // the client, as far as it is known
	from    netip.Addr
	entered time.Time

	// Guarded by the lobby.
	place   *list.Element // while it waits
	paid    bool          // for its work, see mayWork
	proxied bool          // by a proxy that has not said yet for whom
	inside  *door         // that it went through
}

var (
	errFull    = errors.New("too many connections")
	errTooLate = errors.New("the connection gave way to newer ones")
	errTooFast = notNow{errors.New("too many attempts from this address")}
)

// enter lets conn wait, unless it does so already under a layer of TLS or
// WebSocket.
func (l *lobby) enter(conn net.Conn) net.Conn {
	if knockOf(conn) != nil {
		return conn
	}
	k := &knock{Conn: conn, lobby: l, remote: conn.RemoteAddr(), from: sourceOf(conn.RemoteAddr()), entered: time.Now()}
	l.mu.Lock()
	k.place = l.waiting.PushBack(k)
	l.waitingFrom[k.from]++
	victim := l.surplus(k.from)
	if victim != nil {
		victim.leave()
	}
	l.mu.Unlock()
	if victim != nil {
		victim.Conn.Close() // whoever serves it notices
	}
	return k
}

// surplus returns the one to drop now that one more waits, or nil.
func (l *lobby) surplus(from netip.Addr) *knock {
	tooMany := isLimited(from) && l.waitingFrom[from] > maxWaitingAddress
	if !tooMany && l.waiting.Len() <= maxWaiting {
		return nil
	}
	for e := l.waiting.Front(); e != nil; e = e.Next() {
		if k := e.Value.(*knock); !tooMany || k.from == from && k.counts() {
			return k
		}
	}
	return nil
}

// counts reports whether it is one of those of which not too many may wait from an address.
func (k *knock) counts() bool { return !k.paid && !k.proxied }

// leave takes k out of the books.
func (k *knock) leave() {
	switch d := k.inside; {
	case k.place != nil:
		k.lobby.waiting.Remove(k.place)
		k.place = nil
		if k.counts() {
			drop(k.lobby.waitingFrom, k.from)
		}
	case d != nil:
		k.inside = nil
		d.inside--
		drop(d.insideFrom, k.from)
	}
}

// admit ends the wait of one that has proven who it is.
func (d *door) admit(k *knock) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case k.inside != nil:
		return nil
	case k.place == nil:
		return errTooLate
	case d.inside >= d.maxInside || isLimited(k.from) && d.insideFrom[k.from] >= d.maxInsideAddress:
		return errFull
	}
	k.leave()
	k.inside = d
	d.inside++
	d.insideFrom[k.from]++
	return nil
}

// mayWork asks, before work that costs time, whether the address has begun too
// much of it. A connection pays once, with its first work: there is no more to it than
// one handshake of TLS and one login. What is paid for is not thrown away: neither at
// the login, nor for newer ones of the same address, whose rate bounds how many have
// paid. Else a herd would spend what it may do on what it then loses.
func (k *knock) mayWork() error {
	l := k.lobby
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case k.paid:
		return nil
	case k.place == nil:
		return errTooLate
	case !l.attempts.allow(k.from, time.Now()):
		return errTooFast
	}
	if k.counts() {
		drop(l.waitingFrom, k.from)
	}
	k.paid = true
	return nil
}

// mayHandshake is mayWork before a handshake of TLS. A proxy makes one for each of those whom it names later, and they
// pay for their logins: the limits of an address are not for all of them together.
func (k *knock) mayHandshake(proxies []netip.Prefix) error {
	if !isOneOf(proxies, addressOf(k.remote).Addr()) {
		return k.mayWork()
	}
	k.lobby.mu.Lock()
	defer k.lobby.mu.Unlock()
	if k.place == nil {
		return errTooLate
	}
	if k.counts() {
		drop(k.lobby.waitingFrom, k.from)
	}
	k.proxied = true
	return nil
}

// until is when it must have said what it wants.
func (k *knock) until() time.Time { return k.entered.Add(helloTimeout) }

func (k *knock) Close() error {
	k.lobby.mu.Lock()
	k.leave()
	k.lobby.mu.Unlock()
	return k.Conn.Close()
}

func (k *knock) RemoteAddr() net.Addr { return k.remote }

// NetConn returns the connection below, as TLS's does.
func (k *knock) NetConn() net.Conn { return k.Conn }

// knockOf returns the knock under layers of TLS or WebSocket, or nil.
func knockOf(conn net.Conn) *knock {
	for {
		if k, ok := conn.(*knock); ok {
			return k
		}
		upper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		conn = upper.NetConn()
	}
}

// limitTLS returns config with handshakes limited: the first message costs the client
// nothing and the server an answer with a signature. The client may choose one of
// protocols (ALPN, RFC 7301); one that knows other names, or none, is not refused.
func limitTLS(config *tls.Config, protocols []string, proxies []netip.Prefix, begun *atomic.Uint64) *tls.Config {
	other := config.Clone()
	config = config.Clone()
	config.NextProtos = protocols
	known := func(name string) bool { return slices.Contains(protocols, name) }
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (_ *tls.Config, err error) {
		defer panics.Guard{}.RecoverTo(&err)
		begun.Add(1)
		if k := knockOf(hello.Conn); k != nil {
			if err := k.mayHandshake(proxies); err != nil {
				return nil, err
			}
		}
		if !slices.ContainsFunc(hello.SupportedProtos, known) {
			return other, nil
		}
		return nil, nil
	}
	return config
}
