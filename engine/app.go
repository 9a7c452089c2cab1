package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/thingp2p/libthingp2p/engine/internal/codes"
	"github.com/thingp2p/libthingp2p/engine/internal/names"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/signal"
)

// App connects to devices.
type App struct {
	*endpoint
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	mu       sync.Mutex
	closed   bool
	devices  map[string]names.Ticket   // by name, and by device id
	servers  map[string]*signal.Client // by address
	strays   strays
	nearby   *nearby
	sessions map[*Session]bool
	attempts map[*attempt]bool

	preconnections map[string]*preconnection // by device id

	calls sync.WaitGroup // Connect
}

// Target is a device to connect to.
type Target struct {
	deviceID string
	server   string
	secret   *[names.SecretSize]byte // nil: no ticket
	hints    []netip.AddrPort        // where the device was when it made the ticket
}

const (
	maxNameLength = 80      // THING_P2P_ID_SIZE without its NUL
	maxDevices    = 100_000 // that were named, and that an address was told of
)

// hasRoom reports whether a table of at most limit entries may get these keys:
// one that is full still takes what it has already.
func hasRoom[V any](table map[string]V, limit int, keys ...string) bool {
	added := 0
	for _, key := range keys {
		if _, known := table[key]; !known {
			added++
		}
	}
	return len(table)+added <= limit
}

var errManyDevices = codes.Because(ErrInvalidParameter, fmt.Errorf("%d devices are known, and no other can be until the app is closed", maxDevices))

// NewApp returns an app that connects to its server in the background.
func NewApp(config Config) (*App, error) {
	if config.UID == "" || len(config.UID) > maxUIDLength || !names.IsText(config.UID) {
		return nil, codes.Because(ErrInvalidParameter, fmt.Errorf("the uid must have 1 to %d bytes of printable UTF-8", maxUIDLength))
	}
	e, err := newEndpoint(config, signal.App)
	if err != nil {
		return nil, err
	}
	if err := e.quic.start(); err != nil {
		e.release()
		return nil, codes.Because(ErrInternal, err)
	}
	a := &App{
		endpoint: e,
		devices:  make(map[string]names.Ticket),
		servers:  make(map[string]*signal.Client),
		sessions: make(map[*Session]bool),
		attempts: make(map[*attempt]bool),

		preconnections: make(map[string]*preconnection),

		nearby: newNearby(e),
	}
	e.log.Info("app started", "quic", quicBuild)
	a.ctx, a.stop = context.WithCancel(context.Background())
	a.watchNetwork(a.NetworkChanged)
	if config.Server != "" {
		if _, err := a.signals(config.Server); err != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

// AddDevice binds a name, which may be any text of 1 to 80 bytes, to a ticket:
// Resolve then knows the name, and the device's id. A name must not be the id or
// the ticket of another device. White space at the ends of a name does not count.
func (a *App) AddDevice(name, text string) error {
	name = names.Trimmed(name)
	if name == "" || len(name) > maxNameLength {
		return codes.Because(ErrInvalidParameter, fmt.Errorf("a name has 1 to %d bytes", maxNameLength))
	}
	t, err := names.ParseTicket(text)
	if err != nil {
		return codes.Because(ErrInvalidID, err)
	}
	switch of, says := deviceIn(name); {
	case says && of != t.DeviceID:
		return codes.Because(ErrInvalidParameter, errors.New("the name is the id or the ticket of another device: choose another name"))
	case says:
		name = t.DeviceID // it needs no entry of its own
	}
	a.mu.Lock()
	if !hasRoom(a.devices, 2*maxDevices, name, t.DeviceID) { // a device has its name and its id there
		a.mu.Unlock()
		return errManyDevices
	}
	a.devices[name] = t
	a.devices[t.DeviceID] = t
	a.mu.Unlock()
	if t.Server != "" {
		a.signals(t.Server) // so that the first connect need not wait for it
	}
	return nil
}

// deviceIn reports whether text is, or pretends to be, a device's id or ticket, and
// whose.
func deviceIn(text string) (deviceID string, says bool) {
	if names.IsTicket(text) {
		t, _ := names.ParseTicket(text)
		return t.DeviceID, true
	}
	key, err := ident.Parse(names.Unwrapped(text))
	if err != nil {
		return "", false
	}
	return ident.Format(key), true
}

// Resolve returns the device that text means: a name, a ticket or a device id, as
// people copy them: with white space around, ids and tickets also broken into
// lines, ids and the first letters of tickets also in upper case.
func (a *App) Resolve(text string) (*Target, error) {
	if len(names.Unwrapped(text)) > names.MaxTicketLength {
		return nil, codes.Because(ErrInvalidParameter, fmt.Errorf("a ticket has at most %d characters", names.MaxTicketLength))
	}
	if names.IsTicket(text) {
		t, err := names.ParseTicket(text)
		if err != nil {
			return nil, codes.Because(ErrInvalidID, err)
		}
		return a.target(t), nil
	}
	name := names.Trimmed(text)
	key, err := ident.Parse(names.Unwrapped(text))
	if err == nil {
		name = ident.Format(key)
	}
	a.mu.Lock()
	t, known := a.devices[name]
	a.mu.Unlock()
	switch {
	case known:
		return a.target(t), nil
	case err != nil:
		return nil, codes.Because(ErrInvalidID, err)
	}
	return &Target{deviceID: name, server: a.config.Server}, nil
}

// target is the device of a ticket.
func (a *App) target(t names.Ticket) *Target {
	target := &Target{deviceID: t.DeviceID, server: t.Server, secret: &t.Secret, hints: t.Hints}
	if target.server == "" {
		target.server = a.config.Server
	}
	return target
}

// signals returns the connection to a server, and makes it at first need.
func (a *App) signals(url string) (*signal.Client, error) {
	url = a.account(url)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, ErrConnectBreak
	}
	if client := a.servers[url]; client != nil {
		return client, nil
	}
	client, err := a.dialSignals(url, server{
		known:      a.knows,
		receive:    a.hear,
		online:     func() { searchAgain(&a.mu, a.sessions) },
		statements: func() []string { return a.state.Statements(names.WithoutPassword(url)) },
	})
	if err != nil {
		return nil, err
	}
	a.servers[url] = client
	if !a.lastingServers()[url] {
		a.lookForStrays()
	}
	return client, nil
}

// searchAgain is for sessions that have lost their path, when a server is back that may
// help to find another.
func searchAgain[V any](mu *sync.Mutex, sessions map[*Session]V) {
	mu.Lock()
	defer mu.Unlock()
	for s := range sessions {
		s.watch.again()
	}
}

// knows reports whether a device is expected to write.
func (a *App) knows(deviceID string) bool {
	if a.negotiations.with(deviceID) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.sessions {
		if s.about.deviceID == deviceID {
			return true
		}
	}
	return false
}

// hear is called for each message from a server.
func (a *App) hear(_ *signal.Client, m *signal.Message) {
	if m.Kind == signal.View {
		a.reports.with(m.Attempt, m.From).Told(m.Cause, m.NAT)
		return
	}
	if m.Kind != signal.Silence {
		if n := a.negotiations.of(m.From, m.Attempt); n != nil {
			n.Receive(m)
		}
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for s := range a.sessions {
		if s.about.deviceID == m.From && s.about.traceID == m.Trace {
			s.watch.believe(true)
		}
	}
}

// begin counts an attempt; it fails when there are too many sessions.
func (a *App) begin(at *attempt) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrConnectBreak
	}
	if len(a.sessions)+len(a.attempts) >= a.config.MaxSessions {
		return ErrSessionLimit
	}
	a.attempts[at] = true
	a.calls.Add(1)
	return nil
}

// finish ends an attempt. Its session, if any, is among the sessions already.
func (a *App) finish(at *attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.attempts, at)
	a.calls.Done()
}

// enter makes a session, in one step with its entry: its end, which takes it out again,
// may come at once, and who finds it there uses it.
func (a *App) enter(won dialed, about about, m *mover) *Session {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := newSession(won.carrier.conn, won.control, about, a.config, m, a.forget)
	a.sessions[s] = true
	return s
}

// learnKey remembers the ML-KEM key that a device has told inside the session. From
// then on nothing on the way makes the app do without, not even for a while: a
// device that has none any more has to say so itself.
func (a *App) learnKey(deviceID string, key []byte) {
	if key != nil && ident.CheckMLKEMKey(key) != nil {
		a.log.Warn("the device's key for messages through a server is malformed", "device", deviceID)
		return
	}
	a.workers.Go(func() {
		if err := a.state.LearnMLKEMKey(deviceID, key); err != nil {
			a.log.Warn("the device's key for messages through a server is not remembered", "device", deviceID, "error", err)
		}
	})
}

func (a *App) forget(s *Session) {
	a.reports.with(s.about.traceID, s.about.deviceID).Close(CodeOf(s.Check()))
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, s)
}

// Close ends all attempts with ErrConnectBreak and closes all sessions. It
// returns when everything is released, which takes little more than a second.
func (a *App) Close() error {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	a.closed = true
	if a.strays.timer != nil {
		a.strays.timer.Stop()
	}
	a.mu.Unlock()
	a.stop()
	a.calls.Wait()

	a.mu.Lock()
	var sessions []*Session
	for s := range a.sessions {
		sessions = append(sessions, s)
	}
	a.mu.Unlock()
	closeAll(sessions)
	a.mu.Lock()
	var clients []*signal.Client
	for _, client := range a.servers {
		clients = append(clients, client)
	}
	a.mu.Unlock()
	for _, client := range clients {
		client.Close()
	}
	a.release()
	return nil
}

// closeAll closes sessions at the same time.
func closeAll(sessions []*Session) {
	var all panics.Group
	for _, s := range slices.Clone(sessions) {
		all.Go(func() { s.Close() })
	}
	all.Wait()
}
