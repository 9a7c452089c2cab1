package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/thingp2p/libthingp2p/engine/panics"
)

// outsideTimeout bounds each exchange with the outside broker.
const outsideTimeout = 15 * time.Second

// outside is a connection to a broker that is not ours. It reconnects by itself.
type outside struct {
	client paho.Client
	url    string // for people: without user and password
}

// parseBroker reads mqtt, mqtts, ws or wss://[user:password@]host[:port] and
// returns it with its port. A path is for WebSocket only.
func parseBroker(text string) (*url.URL, error) {
	ports := map[string]string{"mqtt": "1883", "mqtts": "8883", "ws": "80", "wss": "443"}
	u, err := url.Parse(text)
	if err != nil || ports[u.Scheme] == "" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasPrefix(u.Scheme, "mqtt") && strings.Trim(u.Path, "/") != "" {
		// The text may hold a password, and url.Parse repeats it: say neither.
		return nil, errors.New("the broker's URL cannot be read: write it like mqtt://user:password@host:1883, or with mqtts, ws or wss")
	}
	if u.Port() == "" {
		u.Host = strings.TrimSuffix(u.Host, ":") + ":" + ports[u.Scheme]
	}
	return u, nil
}

// publicURL returns what apps and devices may know of u: not the password that
// this server publishes with.
func publicURL(u *url.URL) string {
	public := *u
	public.User = nil
	return public.String()
}

// dialOutside connects to a broker and calls connected, from any goroutine,
// each time that it is connected, the first included.
func dialOutside(ctx context.Context, u *url.URL, log *slog.Logger, connected func()) (*outside, error) {
	public, guard := publicURL(u), panics.Guard{Log: log}
	options := paho.NewClientOptions().
		AddBroker(u.String()).
		SetClientID("thingp2pd-" + newSecret()[:12]). // two servers may share a broker
		SetCleanSession(true).
		SetProtocolVersion(4).
		SetKeepAlive(30 * time.Second).
		SetConnectTimeout(outsideTimeout).
		SetWriteTimeout(outsideTimeout).
		SetAutoReconnect(true).
		SetMaxReconnectInterval(30 * time.Second).
		SetOnConnectHandler(func(paho.Client) {
			defer guard.Recover()
			log.Info("connected to the broker", "broker", public)
			connected()
		}).
		SetConnectionLostHandler(func(_ paho.Client, err error) {
			defer guard.Recover()
			log.Warn("connection to the broker lost: trying again", "broker", public, "error", err)
		})
	o := &outside{client: paho.NewClient(options), url: public}
	if err := wait(ctx, o.client.Connect()); err != nil {
		o.client.Disconnect(0)
		return nil, fmt.Errorf("the broker %s cannot be reached: %w: check -broker, its user and password, and that the broker runs", public, err)
	}
	return o, nil
}

// publish retains payload on topic.
func (o *outside) publish(ctx context.Context, topic string, payload []byte) error {
	if !o.client.IsConnectionOpen() {
		return errors.New("the broker is not connected")
	}
	return wait(ctx, o.client.Publish(topic, 0, true, payload))
}

func (o *outside) close() { o.client.Disconnect(250) }

// wait returns how a token ends.
func wait(ctx context.Context, token paho.Token) error {
	ctx, cancel := context.WithTimeout(ctx, outsideTimeout)
	defer cancel()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}
