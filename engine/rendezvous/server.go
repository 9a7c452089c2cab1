package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a running rendezvous server.
type Server struct {
	url      string
	extra    []string // URLs of other listeners of the broker
	turnAddr string

	broker  *Broker  // nil with an outside one
	outside *outside // nil with the embedded one
	turn    *TURN
	publish *publisher
	own     iceServers // of this server
	offer   atomic.Pointer[offer]

	certified *tls.Config // by an authority, and so for a time; nil: none
	accept    *acceptors
	entrances []*entrance
	webSocket *webSocket // nil: not served

	once sync.Once
	err  error // of Close
}

// Start starts a server. When it returns, everything listens and the first
// credentials are published. ctx bounds the start only; Close ends the server.
// The error is a sentence that tells what to do.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{accept: newAcceptors(cfg.Log, newLobby())}
	s.accept.proxies, s.accept.header, s.accept.http = cfg.Proxies, cfg.ProxyHeader, cfg.HTTPProxies
	if cfg.Pin == "" {
		s.certified = cfg.TLS
	}
	if err := s.start(ctx, cfg); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, cfg Config) error {
	public, guessed := cfg.publicIP()
	if public.IsLoopback() {
		cfg.Log.Warn("the public address is this machine's own loopback: only programs on this machine can connect", "public_ip", public)
	} else if guessed {
		cfg.Log.Info("the public address is taken from the default route: give -public-ip if apps and devices reach this machine at another", "public_ip", public)
	}

	var err error
	s.turn, err = NewTURN(TURNConfig{
		Secret: cfg.Secret, OldSecrets: cfg.OldSecrets, PublicIP: public, PublicIP6: cfg.PublicIP6, RelayPorts: cfg.RelayPorts, MaxRelays: cfg.MaxRelays,
		MaxRelaysPerClient: cfg.MaxRelaysPerClient, Rate: cfg.RelayRate, AllowPrivatePeers: cfg.AllowPrivatePeers,
		RelayAllow: cfg.RelayAllow, RelayDeny: cfg.RelayDeny, Net: cfg.Net, Log: cfg.Log, lobby: s.accept.lobby,
	})
	if err != nil {
		return err
	}

	s.own.secret = func() string { return s.turn.secrets.Load().now }
	if cfg.TURN != "" {
		port, err := s.listenTURN(cfg)
		if err != nil {
			return err
		}
		// By name, if there is one: it may have an IPv6 address, too, for those who have no other.
		s.turnAddr = cfg.advertise(cfg.TURN, port, public, cfg.Host)
		s.own.stun = append(s.own.stun, s.turnAddr)
		s.own.turn = append(s.own.turn, TURNServer{URL: "turn:" + s.turnAddr + "?transport=udp"})
		if cfg.Net == nil {
			s.own.turn = append(s.own.turn, TURNServer{URL: "turn:" + s.turnAddr + "?transport=tcp"})
		}
	}
	if cfg.TURNS != "" {
		e, err := s.entranceAt(cfg.TURNS, cfg.TLS)
		if err != nil {
			return err
		}
		e.secure[protoTURN] = s.turn.ServeStream
		url := "turns:" + cfg.advertise(cfg.TURNS, e.port(), public, cfg.Host) + "?transport=tcp"
		s.own.turn = append(s.own.turn, TURNServer{URL: url, Pin: cfg.Pin})
	}
	s.setOffer(cfg)
	s.publish = newPublisher(cfg.Log, func() time.Duration { return s.offer.Load().ttl })
	if cfg.Broker != "" {
		return s.startOutside(ctx, cfg)
	}
	// The document is there before the first client can ask for it.
	s.broker = NewBroker(BrokerConfig{
		MaxClients: cfg.MaxClients, MaxAddress: cfg.MaxAddress, Admit: cfg.Admit, RefuseOthers: cfg.RefuseOthers, Log: cfg.Log,
		Names: append([]string{cfg.Host, public.String(), cfg.publicIP6()}, cfg.Names...),
		lobby: s.accept.lobby,
	})
	s.publish.publish = func(context.Context) error {
		return s.broker.PublishICE(func(account string) []byte {
			return s.offer.Load().personal(account, time.Now())
		})
	}
	if cfg.Admit != nil {
		s.publish.review = s.broker.Review
	}
	if err := s.publish.start(); err != nil {
		return err
	}
	if err := s.listenMQTT(cfg); err != nil {
		return err
	}
	s.open()
	return nil
}

// open lets clients in. TURN is there before MQTT: whoever reads the credentials can
// use them.
func (s *Server) open() {
	for _, e := range s.entrances {
		e.open(s.accept)
	}
}

func (s *Server) startOutside(ctx context.Context, cfg Config) error {
	u, err := parseBroker(cfg.Broker)
	if err != nil {
		return err
	}
	s.url = publicURL(u)
	s.open()
	s.outside, err = dialOutside(ctx, u, cfg.Log, s.publish.republish)
	if err != nil {
		return err
	}
	s.publish.publish = func(ctx context.Context) error {
		return s.outside.publish(ctx, ICETopic, s.offer.Load().shared(time.Now()))
	}
	return s.publish.start()
}

// listenTURN opens UDP and TCP on the same port.
func (s *Server) listenTURN(cfg Config) (port int, err error) {
	if cfg.Net != nil {
		return s.turn.ListenUDP(cfg.TURN) // pion's virtual network has no TCP
	}
	for try := 0; ; try++ {
		// TCP first: only then does a failure leave nothing running behind.
		e, err := s.entranceAt(cfg.TURN, cfg.TLS)
		if err != nil {
			return 0, err
		}
		host, _, err := net.SplitHostPort(cfg.TURN)
		if err != nil {
			return 0, listenError(cfg.TURN, err)
		}
		if port, err = s.turn.ListenUDP(net.JoinHostPort(host, strconv.Itoa(e.port()))); err == nil {
			e.plain[protoTURN] = s.turn.ServeStream
			return port, nil
		}
		if !anyPort(cfg.TURN) || try == 8 {
			return 0, err
		}
		e.Close()
		s.entrances = s.entrances[:len(s.entrances)-1]
	}
}

// listenMQTT opens the broker's addresses; the first that is on gives the URL.
func (s *Server) listenMQTT(cfg Config) error {
	public, _ := cfg.publicIP()
	serve := services{protoMQTT: s.broker.Serve}
	if cfg.WS != "" || cfg.WSS != "" {
		s.webSocket = newWebSocket(cfg.Log, cfg.HTTPProxies, s.broker.Serve)
		serve[protoHTTP] = s.webSocket.Serve
	}
	for _, l := range []struct {
		scheme, address, protocol string
		secure                    bool
	}{
		{"mqtts", cfg.MQTTS, protoMQTT, true}, {"mqtt", cfg.MQTT, protoMQTT, false},
		{"wss", cfg.WSS, protoHTTP, true}, {"ws", cfg.WS, protoHTTP, false},
	} {
		if l.address == "" {
			continue
		}
		e, err := s.entranceAt(l.address, cfg.TLS)
		if err != nil {
			return err
		}
		url, among := l.scheme+"://"+cfg.advertise(l.address, e.port(), public, cfg.Host), e.plain
		if l.secure {
			among = e.secure
		}
		if l.secure && cfg.Pin != "" {
			url += "?pin=" + cfg.Pin
		}
		among[l.protocol] = serve[l.protocol]
		cfg.Log.Info("listening", "url", url)
		if s.url == "" {
			s.url = url
		} else {
			s.extra = append(s.extra, url)
		}
	}
	return nil
}

// URL returns the address that apps and devices need, like
// "mqtt://203.0.113.1:1883"; "" when no broker listens.
func (s *Server) URL() string { return s.url }

// TURNAddr returns "host:port" of STUN and TURN; "" when Config.TURN is.
func (s *Server) TURNAddr() string { return s.turnAddr }

// ServeMQTT gives the embedded broker a connection that did not come from a
// listener, a net.Pipe for one. It takes it over and returns at once.
func (s *Server) ServeMQTT(conn net.Conn) {
	if s.broker == nil {
		conn.Close()
		return
	}
	s.broker.Serve(conn)
}

// ServeTURN does the same for TURN over a stream.
func (s *Server) ServeTURN(conn net.Conn) { s.turn.ServeStream(conn) }

// Close disconnects everybody, ends all relays, and returns when nothing runs
// any more. Closing again does nothing.
func (s *Server) Close() error {
	s.once.Do(func() { s.err = s.close() })
	return s.err
}

func (s *Server) close() error {
	for _, e := range s.entrances {
		e.Close() // those that were not opened have nobody else to do so
	}
	s.accept.close()
	if s.webSocket != nil {
		s.webSocket.close()
	}
	if s.publish != nil {
		s.publish.close()
	}
	var errs []error
	if s.outside != nil {
		s.outside.close()
	}
	if s.broker != nil {
		errs = append(errs, s.broker.Close())
	}
	if s.turn != nil {
		errs = append(errs, s.turn.Close())
	}
	return errors.Join(errs...)
}
