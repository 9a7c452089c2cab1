package signal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/patience"
	"github.com/thingp2p/libthingp2p/engine/panics"
)

// link is one MQTT connection, from CONNECT to its loss.
type link struct {
	client  mqtt.Client
	lost    chan error    // why, once
	dubious chan struct{} // the server does not answer at once
	status  string        // a device's status topic, else ""
	outbox  chan func()   // operations, in their order
	duties  duties        // and those that must not get lost
	closing chan struct{}
	writing panics.Group

	inbox     string         // of the client
	local     netip.Addr     // of this host, on the way to the server; invalid: not known
	remote    netip.AddrPort // of the server, or of a proxy
	roundTrip time.Duration  // to the server
	doubted   atomic.Bool    // the server has been asked for a sign of life
	received  atomic.Uint64  // bytes from it
	heard     atomic.Int64   // when they came last, by the clock that goes on while a host is suspended
	away      atomic.Int64   // when nothing had come for longer than lease, as the time since begun; 0: never
	begun     time.Time
}

// heardConn notes what comes.
type heardConn struct {
	net.Conn
	link *link
}

func (c heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.link.received.Add(uint64(n))
		c.link.notice()
		c.link.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// notice looks whether this process has stood still, or its host has slept: nothing has come for
// longer than a client may leave its server without a sign, which is answered.
func (l *link) notice() {
	if time.Since(time.Unix(0, l.heard.Load())) > lease {
		l.away.Store(int64(time.Since(l.begun)))
	}
}

// reason is why the link was lost. A server that ends one whose client was away does that to no other; it does so at
// once, or when it misses the client's next signs. A clock that was set looks the same, and is no reason for long.
func (l *link) reason(err error) error {
	l.notice()
	if away := time.Duration(l.away.Load()); away != 0 && time.Since(l.begun)-away < lease {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	return err
}

const (
	keepAlive      = 30 * time.Second
	lease          = keepAlive * 3 / 2 // MQTT 3.1.1, section 3.1.2.10
	connectTimeout = 5 * time.Second
	writeTimeout   = 2 * time.Second
	outboxSize     = 64
	goodbyeTimeout = 250 * time.Millisecond

	// A server that is in doubt has two round trips to answer, and at least so long, before
	// another connection is dialled beside this one, and before this one is given up.
	// A device is asked for at any time, and may have no other sign that its router has
	// forgotten this connection. Apps have one: that nobody answers.
	deviceDoubts = 15 * time.Second

	leastHeadStart = 100 * time.Millisecond
	leastPatience  = time.Second
)

var (
	errSilent = errors.New("the server does not answer any more")
	errAway   = errors.New("this client was suspended for longer than its server waits")
	errMoved  = errors.New("the address of this host, on the way to the server, is gone")
)

// connect dials the server, subscribes, and says that a device is on.
func (c *Client) connect(ctx context.Context) (*link, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	l := &link{
		lost:    make(chan error, 1),
		dubious: make(chan struct{}, 1),
		outbox:  make(chan func(), outboxSize),
		duties:  newDuties(),
		closing: make(chan struct{}),
		inbox:   inbox(c.cfg.Role, c.id),
		begun:   time.Now(),
	}
	l.heard.Store(time.Now().UnixNano())
	if local, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		l.local = local.AddrPort().Addr().Unmap()
	}
	if remote, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		l.remote = netip.AddrPortFrom(remote.AddrPort().Addr().Unmap(), remote.AddrPort().Port())
	}
	l.writing.Guard = panics.Guard{Log: c.cfg.Log, Failed: func() { l.lose(errFault) }}
	options := mqtt.NewClientOptions().
		AddBroker(withoutPin(c.cfg.Server).String()).
		SetProtocolVersion(4). // 3.1.1
		SetClientID("t2p-" + c.random).
		SetCleanSession(true).
		SetKeepAlive(keepAlive).
		SetConnectTimeout(connectTimeout).
		SetWriteTimeout(writeTimeout).
		SetAutoReconnect(false). // this package has a backoff of its own
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (_ net.Conn, err error) {
			defer c.guard.RecoverTo(&err)
			return newCheckedConn(heardConn{conn, l}, c.guard), nil
		}).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			defer c.guard.Recover()
			l.lose(l.reason(err))
		}).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			defer c.guard.Recover()
			c.receive(l, m.Topic(), m.Payload())
		})
	if user := c.cfg.Server.User; user != nil { // an account at a broker that is not ours
		password, _ := user.Password()
		options.SetUsername(user.Username()).SetPassword(password)
	} else {
		options.SetUsername(c.id).
			SetPassword(ident.NewPassword(byte(c.cfg.Role), c.id, c.cfg.Server.Host, c.loginTime(), c.sign, c.show()...))
	}
	topics := map[string]byte{l.inbox: 0, iceTopic: 0}
	if c.cfg.Role == Device {
		l.status = statusTopic(c.id)
		topics[l.status] = 0
		options.SetWill(l.status, statusOffline, 0, true)
	}
	l.client = mqtt.NewClient(options)
	connected := false
	defer func() {
		if !connected {
			l.client.Disconnect(0)
			conn.Close()
		}
	}()
	if err := await(ctx, l.client.Connect()); err != nil {
		return nil, c.explain(err)
	}
	asked := time.Now()
	if err := await(ctx, l.client.SubscribeMultiple(topics, nil)); err != nil {
		return nil, err
	}
	l.roundTrip = time.Since(asked)
	if l.status != "" {
		l.sayOnline()
	}
	l.writing.Go(l.write)
	if c.cfg.Role == Device {
		l.writing.Go(l.watch)
	}
	connected = true
	return l, nil
}

// lose ends the link, for the first reason.
func (l *link) lose(why error) {
	select {
	case l.lost <- why:
	default:
	}
}

// watch doubts the server now and then, until close.
func (l *link) watch() {
	ticker := time.NewTicker(deviceDoubts)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.doubt()
		case <-l.closing:
			return
		}
	}
}

// doubt makes the server give a sign of life, or loses the link. To subscribe once more
// to what one is subscribed to changes nothing, and is acknowledged; in a flood the
// answer comes late, and whatever else comes is a sign, too.
func (l *link) doubt() {
	if l.doubted.Swap(true) {
		return
	}
	before := l.received.Load()
	heard := make(chan struct{})
	l.enqueue(func() {
		token := l.client.Subscribe(l.inbox, 0, nil)
		l.writing.Go(func() {
			select {
			case <-token.Done():
				if token.Error() == nil {
					close(heard)
				}
			case <-l.closing:
			}
		})
	})
	l.writing.Go(func() {
		headStart, limit := patience.NewTimer(l.writing.Guard), patience.NewTimer(l.writing.Guard)
		defer headStart.Stop()
		defer limit.Stop()
		headStart.Reset(max(leastHeadStart, 2*l.roundTrip))
		limit.Reset(max(leastPatience, 2*l.roundTrip))
		for {
			select {
			case <-heard:
				l.doubted.Store(false)
				return
			case <-headStart.C:
				if l.received.Load() != before {
					l.doubted.Store(false)
					return
				}
				select {
				case l.dubious <- struct{}{}:
				default: // is known
				}
			case <-limit.C:
				if l.received.Load() == before {
					l.lose(errSilent)
				}
				l.doubted.Store(false)
				return
			case <-l.closing:
				return
			}
		}
	})
}

// explain says what to do about a login that was refused. MQTT 3.1.1 does not
// tell why.
func (c *Client) explain(err error) error {
	notNow := errors.Is(err, packets.ErrorRefusedServerUnavailable)
	if !notNow && !errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) && !errors.Is(err, packets.ErrorRefusedNotAuthorised) {
		return err
	}
	c.refused()
	if notNow {
		return fmt.Errorf("the server does not let this client in yet (%w), since it is busy or has just started: if that lasts, set this machine's clock, which shows %s",
			err, time.Now().UTC().Format(time.RFC3339))
	}
	if c.cfg.Server.User != nil {
		return fmt.Errorf("%w (%w): check user and password in the server's address", ErrLogin, err)
	}
	if errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword) {
		return fmt.Errorf("%w (%w): set this machine's clock, which shows %s, or the server's; a broker that is not thingp2pd may want an account, as in mqtt://user:password@host",
			ErrClock, err, time.Now().UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("%w (%w): set this machine's clock if %s is wrong; if the server's log says that it goes by another name than %s, give it that with -name, or if it says that nobody admits this client, its id or its device's with -admit; a broker that is not thingp2pd may want an account, as in mqtt://user:password@host",
		ErrLogin, err, time.Now().UTC().Format(time.RFC3339), c.cfg.Server.Hostname())
}

// await waits for an operation of the MQTT client.
func await(ctx context.Context, token mqtt.Token) error {
	timeout := time.NewTimer(connectTimeout + time.Second)
	defer timeout.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-timeout.C:
		return errors.New("the server does not answer")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *link) publish(topic string, payload []byte) error {
	if l == nil {
		return errors.New("not connected to the server")
	}
	return l.enqueue(func() { l.client.Publish(topic, 0, false, payload) })
}

func (l *link) subscribe(topics []string) {
	if len(topics) == 0 {
		return
	}
	filters := make(map[string]byte, len(topics)) // all with QoS 0
	for _, topic := range topics {
		filters[topic] = 0
	}
	l.duties.add(func() { l.client.SubscribeMultiple(filters, nil) })
}

func (l *link) unsubscribe(topic string) { l.duties.add(func() { l.client.Unsubscribe(topic) }) }

// sayOnline says that a device is on.
func (l *link) sayOnline() {
	l.duties.sayAgain(func() { l.client.Publish(l.status, 0, true, []byte(statusOnline)) })
}

// enqueue never blocks: a server that takes no data costs messages, which their
// senders repeat.
func (l *link) enqueue(operation func()) error {
	select {
	case l.outbox <- operation:
		return nil
	default:
		return errors.New("the server takes no data")
	}
}

// write does what is queued, until close.
func (l *link) write() {
	for {
		select {
		case <-l.duties.due:
			for _, operation := range l.duties.take() {
				operation()
			}
		case operation := <-l.outbox:
			operation()
		case <-l.closing:
			return
		}
	}
}

// abandon ends a link that is lost: nothing more is said to the server.
func (l *link) abandon() {
	close(l.closing)
	l.client.Disconnect(0)
	l.writing.Wait()
}

// close disconnects; a device says first that it goes.
func (l *link) close() {
	close(l.closing)
	l.writing.Wait()
	if l.status != "" && l.client.IsConnectionOpen() {
		l.client.Publish(l.status, 0, true, []byte(statusOffline)).WaitTimeout(goodbyeTimeout)
	}
	l.client.Disconnect(uint(goodbyeTimeout.Milliseconds()))
}
