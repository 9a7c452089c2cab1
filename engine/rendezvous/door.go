package rendezvous

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Bounds of connections that have not proven yet who they are.
const (
	maxWaiting        = 2048
	maxWaitingAddress = 256
)

// door is where connections come in:
//
//	            enter            admit
//	accepted ─────────► waiting ───────► inside
//	                       │ the oldest, when too many wait
//	                       ▼
//	                     closed
//
// To wait costs memory and nothing else, so nobody is refused who knocks: the
// oldest gives way, first of the same address. Ten thousand connections that
// never say a word do not keep the next one out that does.
type door struct {
	maxInside        int // connections at once
	maxInsideAddress int // of them from one address
	attempts         *attempts

	mu          sync.Mutex
	waiting     list.List // of *knock, oldest first
	waitingFrom map[netip.Addr]int
	inside      int
	insideFrom  map[netip.Addr]int
}

func newDoor(maxInside, maxInsideAddress int) *door {
	return &door{
		maxInside: maxInside, maxInsideAddress: maxInsideAddress, attempts: newAttempts(),
		waitingFrom: map[netip.Addr]int{}, insideFrom: map[netip.Addr]int{},
	}
}

// knock is a connection that came to a door. It must be closed.
type knock struct {
	net.Conn
	door *door
	from netip.Addr

	// Guarded by the door.
	place  *list.Element // while it waits
	inside bool
}

var (
	errFull    = errors.New("too many connections")
	errTooLate = errors.New("the connection gave way to newer ones")
	errTooFast = notNow{errors.New("too many attempts from this address")}
)

// enter lets conn wait, unless it does so already under a layer of TLS or
// WebSocket.
func (d *door) enter(conn net.Conn) net.Conn {
	if knockOf(conn) != nil {
		return conn
	}
	k := &knock{Conn: conn, door: d, from: sourceOf(conn.RemoteAddr())}
	d.mu.Lock()
	k.place = d.waiting.PushBack(k)
	d.waitingFrom[k.from]++
	victim := d.surplus(k.from)
	if victim != nil {
		d.remove(victim)
	}
	d.mu.Unlock()
	if victim != nil {
		victim.Conn.Close() // whoever serves it notices
	}
	return k
}

// surplus returns the one to drop now that one more waits, or nil.
func (d *door) surplus(from netip.Addr) *knock {
	tooMany := isLimited(from) && d.waitingFrom[from] > maxWaitingAddress
	if !tooMany && d.waiting.Len() <= maxWaiting {
		return nil
	}
	for e := d.waiting.Front(); e != nil; e = e.Next() {
		if k := e.Value.(*knock); !tooMany || k.from == from {
			return k
		}
	}
	return nil
}

// remove takes k out of the books.
func (d *door) remove(k *knock) {
	switch {
	case k.place != nil:
		d.waiting.Remove(k.place)
		k.place = nil
		drop(d.waitingFrom, k.from)
	case k.inside:
		k.inside = false
		d.inside--
		drop(d.insideFrom, k.from)
	}
}

// admit ends the wait of one that has proven who it is.
func (k *knock) admit() error {
	d := k.door
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case k.inside:
		return nil
	case k.place == nil:
		return errTooLate
	case d.inside >= d.maxInside || isLimited(k.from) && d.insideFrom[k.from] >= d.maxInsideAddress:
		return errFull
	}
	d.remove(k)
	k.inside = true
	d.inside++
	d.insideFrom[k.from]++
	return nil
}

// mayWork asks, before work that costs time, whether the address has begun too
// much of it.
func (k *knock) mayWork() error {
	if !k.door.attempts.allow(k.from, time.Now()) {
		return errTooFast
	}
	return nil
}

func (k *knock) Close() error {
	k.door.mu.Lock()
	k.door.remove(k)
	k.door.mu.Unlock()
	return k.Conn.Close()
}

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

// tls returns config with handshakes limited: the first message costs the client
// nothing and the server an answer with a signature.
func (d *door) tls(config *tls.Config) *tls.Config {
	config = config.Clone()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (_ *tls.Config, err error) {
		defer panics.Guard{}.RecoverTo(&err)
		if k := knockOf(hello.Conn); k != nil {
			return nil, k.mayWork()
		}
		return nil, nil
	}
	return config
}

// listener makes what it accepts wait at the door.
func (d *door) listener(l net.Listener) net.Listener { return doorListener{l, d} }

type doorListener struct {
	net.Listener
	door *door
}

func (l doorListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.door.enter(conn), nil
}
