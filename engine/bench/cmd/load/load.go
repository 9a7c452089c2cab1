package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/pion/logging"
	pion "github.com/pion/turn/v2"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// load is what is done to a server.
type load struct {
	server  *url.URL // mqtt://host:port or mqtts://host:port
	tls     *tls.Config
	clients int // every second one is a device, the others are apps
	rate    int // of logins, in a second
	relays  int // by as many clients, and for each a packet to itself, so that it is known to work
}

// result is what has come of it.
type result struct {
	loggedIn, refused int64
	logins            time.Duration // until the last one was in
	slowest           time.Duration // of the logins, from the connection's beginning
	relays            int64
	why               error // of one that was refused
}

const (
	loginTimeout = 30 * time.Second
	keepAlive    = 5 * time.Minute
)

// client is one that has logged in.
type client struct {
	conn net.Conn
	ice  chan []byte
}

// run logs the clients in, allocates relays, and calls inside while all of them are there.
func (l load) run(ctx context.Context, inside func()) (r result) {
	began := time.Now()
	var mu sync.Mutex
	var in []*client
	var all sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(l.rate))
	defer tick.Stop()
	for i := range l.clients {
		all.Go(func() {
			start := time.Now()
			c, err := l.login(ctx, i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.refused, r.why = r.refused+1, err
				return
			}
			in = append(in, c)
			r.loggedIn++
			r.logins, r.slowest = time.Since(began), max(r.slowest, time.Since(start))
		})
		<-tick.C
	}
	all.Wait()

	var relays atomic.Int64
	release := make(chan struct{})
	var holders, allocating sync.WaitGroup
	for _, c := range in[:min(l.relays, len(in))] {
		allocating.Add(1)
		holders.Go(func() {
			end, err := c.relay()
			if err == nil {
				relays.Add(1)
				defer end()
			} else {
				mu.Lock()
				r.why = err
				mu.Unlock()
			}
			allocating.Done()
			<-release
		})
	}
	allocating.Wait()
	r.relays = relays.Load()
	inside()
	close(release)
	holders.Wait()
	for _, c := range in {
		c.conn.Close()
	}
	return r
}

// login connects one client as the library does: a signed login, its inbox and the relays' credentials.
func (l load) login(ctx context.Context, number int) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	role, id := ident.App, ident.Format(public)
	if number%2 == 0 {
		role = ident.Device
	}
	var conn net.Conn
	if dialer := (&net.Dialer{}); l.server.Scheme == "mqtts" {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: l.tls}).DialContext(ctx, "tcp", l.server.Host)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", l.server.Host)
	}
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion, connect.CleanSession, connect.Keepalive = "MQTT", 4, true, uint16(2*keepAlive/time.Second)
	connect.UsernameFlag, connect.Username, connect.PasswordFlag = true, id, true
	connect.Password = []byte(ident.NewPassword(role, id, l.server.Host, time.Now(), func(text []byte) []byte { return ed25519.Sign(key, text) }))
	connect.ClientIdentifier = fmt.Sprint("load ", number) // with the same one they would end each other elsewhere
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = 1, []string{"t2p/1/" + string(role) + "/" + id + "/rx", rendezvous.ICETopic}, []byte{1, 1}

	c := &client{conn, make(chan []byte, 1)}
	if err = connect.Write(conn); err == nil {
		err = c.accepted()
	}
	if err == nil {
		err = subscribe.Write(conn)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	if role == ident.Device {
		on := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		on.TopicName, on.Payload, on.Retain = "t2p/1/d/"+id+"/st", []byte("on"), true
		on.Write(conn)
	}
	conn.SetDeadline(time.Time{})
	go c.serve()
	return c, nil
}

func (c *client) accepted() error {
	p, err := packets.ReadPacket(c.conn)
	if err != nil {
		return err
	}
	if ack, ok := p.(*packets.ConnackPacket); !ok || ack.ReturnCode != 0 {
		return fmt.Errorf("the server refuses: %s", p)
	}
	return nil
}

// serve reads what comes, and pings, until the connection is closed.
func (c *client) serve() {
	var ping *time.Timer
	ping = time.AfterFunc(keepAlive, func() {
		packets.NewControlPacket(packets.Pingreq).Write(c.conn)
		ping.Reset(keepAlive)
	})
	defer ping.Stop()
	for {
		p, err := packets.ReadPacket(c.conn)
		if err != nil {
			return
		}
		if m, ok := p.(*packets.PublishPacket); ok && m.TopicName == rendezvous.ICETopic {
			select {
			case c.ice <- m.Payload:
			default:
			}
		}
	}
}

// relay allocates one, and sends a packet through it to its own address.
func (c *client) relay() (end func(), err error) {
	var document rendezvous.ICEDocument
	select {
	case text := <-c.ice:
		if err := json.Unmarshal(text, &document); err != nil {
			return nil, err
		}
	case <-time.After(loginTimeout):
		return nil, errors.New("no credentials of relays have come")
	}
	for _, s := range document.TURN {
		address, udp := strings.CutSuffix(strings.TrimPrefix(s.URL, "turn:"), "?transport=udp")
		if !udp || strings.HasPrefix(s.URL, "turns:") {
			continue
		}
		return allocate(address, s)
	}
	return nil, errors.New("the server has no relays over UDP")
}

func allocate(address string, s rendezvous.TURNServer) (end func(), err error) {
	socket, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		return nil, err
	}
	c, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: address, Conn: socket, Username: s.Username, Password: s.Credential, Realm: rendezvous.Realm,
		LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err != nil {
		socket.Close()
		return nil, err
	}
	end = func() {
		c.Close()
		socket.Close()
	}
	if err = c.Listen(); err == nil {
		var relay net.PacketConn
		if relay, err = c.Allocate(); err == nil {
			closeClient := end
			end = func() {
				relay.Close()
				closeClient()
			}
			err = roundTrip(relay)
		}
	}
	if err != nil {
		end()
		return nil, err
	}
	return end, nil
}

// roundTrip sends a packet to the relay's own address, which the server passes back.
func roundTrip(relay net.PacketConn) error {
	const text = "libthingp2p"
	got := make([]byte, 100)
	relay.SetReadDeadline(time.Now().Add(loginTimeout))
	if _, err := relay.WriteTo([]byte(text), relay.LocalAddr()); err != nil {
		return err
	}
	n, _, err := relay.ReadFrom(got)
	if err == nil && string(got[:n]) != text {
		err = errors.New("another packet came back")
	}
	return err
}
