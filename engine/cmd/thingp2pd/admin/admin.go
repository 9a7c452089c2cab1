// Package admin lets an operator watch a server, over HTTP and without a login: it is for
// loopback, or a network of the operator's own.
//
//	/         a page for people
//	/metrics  what Prometheus reads
//	/healthz  200 as long as the process lives
//	/readyz   200 while new clients are welcome, else 503
package admin

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/thingp2p/libthingp2p/engine/cmd/thingp2pd/web"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// Watched is a server.
type Watched interface {
	Stats() rendezvous.Stats
	NotReady() string
}

// Listen opens an address, and answers what is asked there about a server.
func Listen(address string, of Watched, log *slog.Logger) (*web.Server, error) {
	return web.Listen("-admin", address, func(at *net.TCPAddr) http.Handler {
		if !at.IP.IsLoopback() {
			log.Warn("whoever reaches -admin may read it, since it has no login", "address", at)
		}
		return handler(of, at.IP.IsLoopback())
	}, log)
}

func handler(of Watched, loopback bool) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{of}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	serveStatus(mux, of, time.Now())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := of.NotReady(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok\n")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loopback && !isLocal(r.Host) {
			http.Error(w, "ask for it by a name or address of this machine's loopback", http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// isLocal keeps a page in a browser on this machine from reading what is here: its own
// name may lead to loopback (DNS rebinding), but is still its own name.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}
