package admin

import (
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// statusPage is for people. It asks for /status.json again and again, needs nothing from elsewhere,
// and runs no script but its own.
//
//go:embed status.html
var statusPage string

const statusPolicy = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// status is what the page shows.
type status struct {
	Version string
	Started time.Time
	Ready   bool
	rendezvous.Stats
}

func serveStatus(mux *http.ServeMux, of Watched, started time.Time) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", statusPolicy)
		io.WriteString(w, statusPage)
	})
	mux.HandleFunc("GET /status.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(status{rendezvous.Version, started, of.NotReady() == "", of.Stats()})
	})
}
