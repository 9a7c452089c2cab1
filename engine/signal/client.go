package signal

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/limit"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// Config configures a Client.
type Config struct {
	Server    *url.URL // from ParseServer
	TLS       *tls.Config
	Role      Role
	Key       ed25519.PrivateKey   // the endpoint's, which its id names
	Known     func(id string) bool // whom the endpoint deals with already; must not block
	OnMessage func(*Message)       // called in order, one at a time; must not block

	// MLKEMKey returns the ML-KEM key of an endpoint, nil if it is not known. It must
	// not block.
	MLKEMKey func(id string) []byte

	// Statements returns what the devices at Server state about an app
	// (ident.Statement), the newest first; nil: nothing. It must not block.
	Statements func() []string

	// OnOnline is called whenever the client has connected; nil: never. It must not block.
	OnOnline func()

	// OnOffline is called whenever the client has lost its connection, or could not connect; nil: never. It must not block.
	OnOffline func()

	Log *slog.Logger

	// Connect opens a TCP connection to "host:port".
	Connect func(ctx context.Context, hostPort string) (net.Conn, error)

	Dial func() (net.Conn, error) // for tests, which need no Connect then; nil: connects to Server
}

// Client keeps a connection to a rendezvous server: it dials in the background
// and again whenever the connection is lost, until Close.
//
//	          lost, after a backoff
//	     ┌───────────────────────────┐
//	     ▼                           │
//	connecting ──── CONNACK ────► online ──── Close ────► closed
type Client struct {
	cfg     Config
	id      string
	gate    *gate
	guard   panics.Guard
	stop    context.CancelFunc
	done    chan struct{}
	hurry   chan struct{} // ends a backoff at once; empty while online
	leaving panics.Group  // links that are lost
	random  string        // tells this client from others with the same id

	receiving sync.Mutex // by one link at a time: while one takes another's place, both bring messages

	mu       sync.Mutex
	link     *link         // nil while connecting
	since    time.Time     // of that
	moved    chan struct{} // closed at a change of the network, and replaced
	online   chan struct{} // closed while online, else replaced
	lastErr  error
	ice      ICEServers
	iceSeen  chan struct{} // closed once ice is known
	iceNew   chan struct{} // closed when ice changes, and replaced
	iceAsked time.Time     // when it was asked for last, by AskICE
	skew     time.Duration // of the server's clock against ours, as far as it is known
	refusals int           // of logins, since then
	watches  map[string]*watch
	pace     pace
	shown    limit.Map[string, struct{}] // statements, in some login
}

const maxShown = 1024

// ErrClosed is returned once the client is closed.
var ErrClosed = errors.New("the client is closed")

// errFault says that a connection had to be given up.
var errFault = errors.New("a fault in the library: the log has the details")

// errShowMore ends a connection so that its next login can show more statements.
var errShowMore = errors.New("connecting again to show that this app belongs to a device")

// ErrLogin says that the server does not let this client in.
var ErrLogin = errors.New("the server refused the login")

// ErrClock is ErrLogin for the reason that the two clocks differ.
var ErrClock = fmt.Errorf("%w, which is of another time by its clock", ErrLogin)

// New returns a client that connects in the background. An app hears only those
// whom it knows, a device strangers too.
func New(cfg Config) (*Client, error) {
	gate, err := newGate(cfg.Key, cfg.Known, cfg.Role == Device, time.Now())
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{
		cfg:     cfg,
		id:      ident.Format(cfg.Key.Public().(ed25519.PublicKey)),
		gate:    gate,
		guard:   panics.Guard{Log: cfg.Log},
		stop:    stop,
		done:    make(chan struct{}),
		hurry:   make(chan struct{}, 1),
		random:  rand.Text()[:16],
		online:  make(chan struct{}),
		iceSeen: make(chan struct{}),
		iceNew:  make(chan struct{}),
		moved:   make(chan struct{}),
		watches: make(map[string]*watch),
		pace:    newPace(),
		shown:   limit.Map[string, struct{}]{Most: maxShown},
		since:   time.Now(),
	}
	c.leaving.Guard = c.guard
	c.guard.Go(func() { c.run(ctx) })
	return c, nil
}

// Close takes a device offline, disconnects, and waits until all has ended.
func (c *Client) Close() error {
	c.stop()
	<-c.done
	return nil
}

func (c *Client) run(ctx context.Context) {
	defer close(c.done)
	defer c.leaving.Wait()
	lost := false // and the log says so
	var retries backoff
	for ctx.Err() == nil {
		stable, err := c.connectOnce(ctx)
		if stable {
			lost = false
		}
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errShowMore) || errors.Is(err, errMoved) {
			continue
		}
		if !lost {
			lost = true
			c.cfg.Log.Warn("the server cannot be reached, trying again", "server", c.cfg.Server.Host, "error", err)
		}
		c.setError(err)
		c.tellOffline()
		pause := retries.failed
		if stable {
			pause = func() time.Duration { return retries.lost(err) }
		}
		if hurried := c.pause(ctx, pause()); hurried {
			retries = backoff{}
		}
	}
	c.setError(ErrClosed)
}

// connectOnce is one connection, from its dial to its loss. It is stable if it has
// lasted: a server that accepts and drops must not be dialled in a loop.
func (c *Client) connectOnce(ctx context.Context) (stable bool, err error) {
	defer c.guard.RecoverTo(&err)
	l, err := c.connect(ctx)
	if err != nil {
		return false, err
	}
	connected := time.Now()
	for l != nil {
		l, err = c.serve(ctx, l)
	}
	return time.Since(connected) >= backoffStable, err
}

// serve is online with a link until that is lost, and returns why it was, or until another
// one takes its place.
func (c *Client) serve(ctx context.Context, l *link) (next *link, err error) {
	err = errFault
	leave := func() { c.leaving.Go(l.abandon) } // which may take its time, and the next link need not wait
	defer func() {
		c.setOffline(err)
		leave()
	}()
	c.setOnline(l)
	c.cfg.Log.Info("connected to the server", "server", c.cfg.Server.Host)
	if c.cfg.OnOnline != nil {
		c.cfg.OnOnline()
	}
	var beside *spare
	defer func() { beside.drop() }()
	lost := l.lost
	for {
		select {
		case err = <-lost:
			if beside == nil || errors.Is(err, errMoved) {
				return nil, err
			}
			// What is being dialled is the next one, and the server may have ended this one for it.
			c.setOffline(err)
			c.tellOffline()
			lost = nil
		case <-ctx.Done():
			leave = l.close
			return nil, ErrClosed
		case <-l.dubious:
			if beside == nil {
				beside = c.dialSpare(ctx)
			}
		case next = <-beside.dialled():
			beside = nil
			if next != nil {
				return next, errSilent
			}
			if lost == nil {
				return nil, err
			}
		}
	}
}

func (c *Client) tellOffline() {
	if c.cfg.OnOffline != nil {
		c.cfg.OnOffline()
	}
}

// Doubt is for who has a reason to think that the connection is dead, such as a peer
// that does not answer. The server has to answer within two round trips, or another
// connection is dialled beside this one and takes its place; this one is given up after a
// second. A client that is not connected tries at once.
func (c *Client) Doubt() {
	c.Online()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != nil {
		c.link.doubt()
	}
}

// NetworkChanged is Doubt after a change of the host's network; own reports whether an
// address is the host's now. A connection from one that is not is lost.
func (c *Client) NetworkChanged(own func(local netip.Addr, remote netip.AddrPort) bool) {
	c.mu.Lock()
	l := c.link
	close(c.moved) // a dial may be waiting for who cannot be reached any more
	c.moved = make(chan struct{})
	c.mu.Unlock()
	if l != nil && l.local.IsValid() && !own(l.local, l.remote) {
		l.lose(errMoved)
	}
	c.Doubt()
}

// pause waits for d, or until somebody else waits.
func (c *Client) pause(ctx context.Context, d time.Duration) (hurried bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.hurry:
		return true
	case <-ctx.Done():
	}
	return false
}

func (c *Client) setOnline(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link, c.since, c.lastErr = l, time.Now(), nil
	close(c.online)
	select {
	case <-c.hurry: // who waited has what it waited for: the next loss is another matter
	default:
	}
	l.subscribe(slices.Collect(maps.Keys(c.watches)))
	c.showMore()
}

func (c *Client) setOffline(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastErr = err; c.link == nil {
		return
	}
	c.link, c.since = nil, time.Now()
	c.online = make(chan struct{})
	for _, w := range c.watches {
		w.known = false // what the old connection said may be out of date
	}
}

func (c *Client) setError(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastErr = err
}

// Online returns a channel that is closed while the client is connected. It
// also ends a backoff, since somebody waits.
func (c *Client) Online() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		select {
		case c.hurry <- struct{}{}:
		default:
		}
	}
	return c.online
}

// Err returns why the client is not connected, or nil.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastErr
}

// Status tells whether the client is connected, since when it has been so or not, and,
// if it is not, why: nil while the first connection is being made.
func (c *Client) Status() (online bool, since time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil, c.since, c.lastErr
}

// Send publishes m, sealed, to the inbox of the endpoint with that role and id.
// Nothing tells whether it arrived.
func (c *Client) Send(to Role, id string, m *Message) error {
	var kem []byte
	if c.cfg.MLKEMKey != nil {
		kem = c.cfg.MLKEMKey(id)
	}
	return c.SendSealed(to, id, kem, m)
}

// SendSealed is Send for a caller that has the receiver's ML-KEM key; nil: it is not
// known.
func (c *Client) SendSealed(to Role, id string, kem []byte, m *Message) error {
	text, err := m.Encode()
	if err != nil {
		return err
	}
	payload, err := seal(text, c.cfg.Key, receiver{id, kem}, c.timeFor(id))
	if err != nil {
		return err
	}
	return c.currentLink().publish(inbox(to, id), payload)
}

// currentLink returns nil while there is none.
func (c *Client) currentLink() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

func (c *Client) sign(text []byte) []byte { return ed25519.Sign(c.cfg.Key, text) }

// ICE returns the server's STUN and TURN servers, and a channel that is closed
// once they are known.
func (c *Client) ICE() (ICEServers, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ice, c.iceSeen
}

// NewICE returns a channel that is closed when the server names its STUN and TURN servers
// the next time, as it does also after each login.
func (c *Client) NewICE() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.iceNew
}

// askICEPause is the time between two questions, so that a server whose credentials no relay
// takes is not asked in a loop.
const askICEPause = 10 * time.Second

// AskICE is for whom a TURN server has refused: the secret that its credentials are signed with
// may be another now. It makes the server name its servers again, with fresh credentials, which
// NewICE tells of. A client that is not connected tries at once to be.
func (c *Client) AskICE() {
	c.Online()
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.link != nil && now.Sub(c.iceAsked) >= askICEPause {
		c.iceAsked = now
		c.link.subscribe([]string{iceTopic}) // what is retained there comes again
	}
}

// receive handles one message from the broker, which came by a link.
func (c *Client) receive(by *link, topic string, payload []byte) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	switch topic {
	case inbox(c.cfg.Role, c.id):
		m, err := c.gate.admit(payload, time.Now())
		if err != nil {
			c.cfg.Log.Debug("dropped a message", "error", err)
		}
		late, isLate := errors.AsType[*lateError](err)
		switch {
		case isLate:
			c.sayLate(late)
		case err == nil && m.Kind == Late:
			c.hearLate(m)
		case err == nil:
			c.cfg.OnMessage(m)
		}
	case iceTopic:
		servers, err := parseICEServers(payload)
		if err != nil {
			c.cfg.Log.Debug("dropped a message", "error", err)
			return
		}
		c.learn(servers)
	default:
		c.receiveStatus(by, topic, string(payload))
	}
}
