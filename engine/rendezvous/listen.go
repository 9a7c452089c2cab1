package rendezvous

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// acceptors owns listeners and the goroutines that accept from them.
type acceptors struct {
	log  *slog.Logger
	door *door // where they come in; nil: none

	mu        sync.Mutex
	listeners []net.Listener
	stop      chan struct{} // closed by close
	workers   panics.Group
}

func newAcceptors(log *slog.Logger, door *door) *acceptors {
	return &acceptors{
		log: log, door: door, stop: make(chan struct{}),
		workers: panics.Group{Guard: panics.Guard{Log: log}},
	}
}

// listen opens a TCP address and hands its connections to serve, which must not
// block. config wraps them in TLS unless it is nil.
func (a *acceptors) listen(address string, config *tls.Config, serve func(net.Conn)) (*net.TCPAddr, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenError(address, err)
	}
	a.accept(l, config, serve)
	return l.Addr().(*net.TCPAddr), nil
}

func (a *acceptors) accept(l net.Listener, config *tls.Config, serve func(net.Conn)) {
	a.add(l)
	if a.door != nil {
		l = a.door.listener(l)
		if config != nil {
			config = a.door.tls(config)
		}
	}
	a.workers.Go(func() {
		for pause := time.Duration(0); ; {
			conn, err := l.Accept()
			switch {
			case err == nil && config != nil:
				a.handOver(tls.Server(conn, config), serve) // the handshake comes with the first read
			case err == nil:
				a.handOver(conn, serve)
			case errors.Is(err, net.ErrClosed):
				return
			}
			if err == nil {
				pause = 0
				continue
			}
			// Out of file descriptors, most likely: it passes when clients leave.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			a.log.Warn("cannot accept connections", "address", l.Addr(), "error", err)
			select {
			case <-time.After(pause):
			case <-a.stop:
				return
			}
		}
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
	close(a.stop)
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
