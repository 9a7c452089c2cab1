// Package web has the HTTP servers of thingp2pd: for machines and people of its operator, not for its clients.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Server answers until Close.
type Server struct {
	http     *http.Server
	listener net.Listener
	work     panics.Group
}

// mostConnections at once, or whoever opens them would take the descriptors that the clients need.
const mostConnections = 64

// Listen opens the address that a flag names. The handler may depend on what address it has become.
func Listen(flag, address string, handler func(at *net.TCPAddr) http.Handler, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w: give %s another address", address, err, flag)
	}
	s := &Server{
		listener: netutil.LimitListener(l, mostConnections),
		work:     panics.Group{Guard: panics.Guard{Log: log}},
		http: &http.Server{
			Handler:           handler(l.Addr().(*net.TCPAddr)),
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       5 * time.Second,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}
	s.work.Go(func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("nobody answers any more", "flag", flag, "error", err)
		}
	})
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close ends what is being asked.
func (s *Server) Close() error {
	err := s.http.Close()
	s.work.Wait()
	return err
}
