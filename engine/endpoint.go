package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/thingp2p/libthingp2p/engine/internal/base"
	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/paths"
	"github.com/thingp2p/libthingp2p/engine/internal/portmap"
	"github.com/thingp2p/libthingp2p/engine/internal/state"

	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// endpoint is what an App and a Device have in common: a key, a socket, QUIC
// over it, and the negotiations that find paths.
type endpoint struct {
	config   Config
	log      *slog.Logger
	state    *state.Store
	identity keys.Identity
	roots    *x509.CertPool // for TLS to servers; nil: the system's
	socket   *base.Socket
	quic     *quicTransport

	ground       paths.Ground
	negotiations negotiations
	repairs      repairs
	reports      reports

	unwatch func() // ends the watch of the network; nil: there is none

	workers panics.Group // all goroutines that end with the endpoint
}

func newEndpoint(config Config, role signal.Role) (*endpoint, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	roots, err := loadRoots(config.CAFile)
	if err != nil {
		return nil, codes.Because(ErrInvalidParameter, err)
	}
	state, err := state.Open(config.StateDir, config.Log)
	if errors.Is(err, ErrBusy) {
		return nil, err
	}
	if err != nil {
		return nil, codes.Because(ErrInvalidParameter, err)
	}
	socket, err := base.OpenSocket(config.network, state.Ports(), config.Log)
	if err != nil {
		state.Close()
		return nil, codes.Because(ErrInternal, fmt.Errorf("open a UDP socket: %w", err))
	}
	if role == signal.Device {
		if err := state.KeepPort(socket.Port()); err != nil {
			config.Log.Warn("the device will have another port the next time", "error", err)
		}
	}
	identity := state.Identity()
	identity.Guard = panics.Guard{Log: config.Log}
	e := &endpoint{
		config:   config,
		log:      config.Log,
		state:    state,
		identity: identity,
		roots:    roots,
		socket:   socket,
		quic:     newQUICTransport(socket.PacketConn(), config.Log),
		ground: paths.Ground{
			Role:      role,
			Mux:       socket.Mux,
			Port:      socket.Port,
			Reflexive: paths.NewReflexive(socket.Mux, config.network),
			Mapping:   portmap.New(config.network, socket.Port, config.Log),
			MapsPort:  config.mapsPort(),
			Relays:    base.RelayDialer{Net: config.network, TLS: &tls.Config{RootCAs: roots}, Pacer: socket.Mux.Pacer, Log: config.Log},
			Net:       config.network,
			Log:       config.Log,
		},
		repairs: make(repairs, maxRepairs),
		workers: panics.Group{Guard: panics.Guard{Log: config.Log}},
	}
	socket.Moved = e.ground.Forget
	return e, nil
}

func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the roots for TLS: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("the file %s holds no root for TLS, in PEM", file)
	}
	return roots, nil
}

// server is how an app or a device uses one.
type server struct {
	known      func(id string) bool                  // those who may write
	receive    func(*signal.Client, *signal.Message) // what they write
	online     func()                                // called when the server is there, or there again; nil: nobody needs it
	offline    func()                                // called when it is not, perhaps again; nil: nobody needs it
	statements func() []string                       // to show to it; nil: none
}

// dialSignals connects to a server in the background.
func (e *endpoint) dialSignals(url string, s server) (*signal.Client, error) {
	address, err := signal.ParseServer(url)
	if err != nil {
		return nil, codes.Because(ErrInvalidParameter, err)
	}
	var client *signal.Client
	made := make(chan struct{})
	client, err = signal.New(signal.Config{
		Server:     address,
		TLS:        &tls.Config{RootCAs: e.roots},
		Role:       e.ground.Role,
		Key:        e.identity.Key,
		Known:      s.known,
		OnOnline:   s.online,
		OnOffline:  s.offline,
		Log:        e.log,
		Dial:       e.config.dialServer,
		Connect:    e.config.network.Dial,
		MLKEMKey:   e.mlkemKeyOf,
		Statements: s.statements,
		OnMessage: func(m *signal.Message) {
			<-made
			servers, _ := client.ICE()
			m.Candidates = paths.ReachOn(e.config.network, servers).Only(m.Candidates)
			s.receive(client, m)
		},
	})
	if err != nil {
		return nil, codes.Because(ErrInternal, err)
	}
	close(made)
	return client, nil
}

// mlkemKeyOf returns the ML-KEM key of a peer: an app remembers those of its devices, a
// device has those of the apps that paths are looked for to.
func (e *endpoint) mlkemKeyOf(id string) []byte {
	if key := e.state.MLKEMKey(id); key != nil {
		return key
	}
	return e.negotiations.keyOf(id)
}

// release closes the socket; the negotiations and sessions must have ended.
func (e *endpoint) release() {
	if e.unwatch != nil {
		e.unwatch()
	}
	e.ground.Mapping.Close()
	e.quic.Close()
	e.socket.Close()
	e.workers.Wait()
	e.state.Close()
}
