package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// acceptors owns listeners and the goroutines that accept from them.
type acceptors struct {
	log     *slog.Logger
	strange warnings       // of what clients cause
	lobby   *lobby         // where they come in; nil: none
	proxies []netip.Prefix // whose connections begin with a header
	header  ProxyHeader
	http    []netip.Prefix // proxies of HTTP

	handshakes handshakes

	mu        sync.Mutex
	listeners []net.Listener
	ctx       context.Context // ends with close
	stop      context.CancelFunc
	workers   panics.Group
}

func newAcceptors(log *slog.Logger, l *lobby) *acceptors {
	a := &acceptors{log: log, strange: warnings{log: log}, lobby: l, workers: panics.Group{Guard: panics.Guard{Log: log}}}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a
}

// listen opens a TCP address.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenError(address, err)
	}
	return l, nil
}

// accept hands the connections of a listener, which it takes over, to serve, which
// must not block.
func (a *acceptors) accept(l net.Listener, serve func(net.Conn)) {
	a.add(l)
	a.workers.Go(func() {
		for pause := time.Duration(0); ; {
			conn, err := l.Accept()
			if err == nil {
				a.enter(conn, serve)
				pause = 0
				continue
			}
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of file descriptors, most likely: it passes when clients leave.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			a.strange.warn("cannot accept connections", "address", l.Addr(), "error", err)
			select {
			case <-time.After(pause):
			case <-a.ctx.Done():
				return
			}
		}
	})
}

// enter lets a connection into the lobby, one that a proxy has made once it has said for
// whom.
func (a *acceptors) enter(conn net.Conn, serve func(net.Conn)) {
	come := func(conn net.Conn) {
		if a.lobby != nil {
			conn = a.lobby.enter(conn)
		}
		a.handOver(conn, serve)
	}
	if !isOneOf(a.proxies, addressOf(conn.RemoteAddr()).Addr()) {
		come(conn)
		return
	}
	a.workers.Go(func() {
		a.handOver(conn, func(conn net.Conn) {
			stop := a.workers.WhenDone(a.ctx, func() { conn.Close() })
			client, err := behindProxy(conn, a.header)
			stop()
			if err != nil {
				a.log.Debug("what a proxy sent is no header of the PROXY protocol", "remote", conn.RemoteAddr(), "error", err)
				conn.Close()
				return
			}
			come(client)
		})
	})
}

// handOver closes a connection that cannot be served.
func (a *acceptors) handOver(conn net.Conn, serve func(net.Conn)) {
	guard := panics.Guard{Log: a.log, Failed: func() { conn.Close() }}
	guard.Run(func() { serve(conn) })
}

func (a *acceptors) add(l net.Listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listeners = append(a.listeners, l)
}

// close closes the listeners and waits for their goroutines.
func (a *acceptors) close() {
	a.stop()
	a.mu.Lock()
	for _, l := range a.listeners {
		l.Close()
	}
	a.mu.Unlock()
	a.workers.Wait()
}

func listenError(address string, err error) error {
	return fmt.Errorf("cannot listen on %s: %w: stop the program that uses it, or choose another address", address, err)
}
