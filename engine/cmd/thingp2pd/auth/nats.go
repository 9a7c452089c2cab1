package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	neturl "net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/thingp2p/libthingp2p/engine/panics"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// NATS answers the auth callout of NATS servers. Each callout reaches all who answer, so two may: each remembers
// every login, and the first answer counts.
type NATS struct {
	conn    *nats.Conn
	door    Door
	issuer  nkeys.KeyPair
	account string // that clients belong to
	guard   panics.Guard
	log     *slog.Logger
	gone    chan struct{}
}

// calloutSubject is where NATS servers ask.
const calloutSubject = "$SYS.REQ.USER.AUTH"

// DialNATS connects to a server of a cluster, and answers from then on, also after the connection was lost. The issuer
// is a file with the seed of an account key, which the servers know by its public half.
func DialNATS(ctx context.Context, url, issuer, account string, d Door, log *slog.Logger) (*NATS, error) {
	seed, err := os.ReadFile(issuer)
	if err != nil {
		return nil, fmt.Errorf("the issuer's key cannot be read: %w: give -nats-issuer a file with the seed of an account key (nk -gen account)", err)
	}
	key, err := nkeys.FromSeed([]byte(strings.TrimSpace(string(seed))))
	if err != nil {
		return nil, fmt.Errorf("%s holds no seed: %w: it should be one line that begins with SA (nk -gen account)", issuer, err)
	}
	if public, err := key.PublicKey(); err != nil || !nkeys.IsValidPublicAccountKey(public) {
		return nil, fmt.Errorf("%s holds the seed of another kind of key: it should be one line that begins with SA (nk -gen account)", issuer)
	}
	n := &NATS{door: d, issuer: key, account: account, guard: panics.Guard{Log: log}, log: log, gone: make(chan struct{})}
	for part := range strings.SplitSeq(url, ",") {
		if _, err := neturl.Parse(strings.TrimSpace(part)); err != nil {
			// The text may hold a password, and the error repeats it: say neither.
			return nil, errors.New("the URL of NATS cannot be read: write -nats like nats://user:password@host:4222, with %25 for % in a password, and so on")
		}
	}
	n.conn, err = nats.Connect(url,
		nats.Name("thingp2pd auth"),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // else two refusals in a row are the end, such as while the servers read their users again
		nats.ClosedHandler(func(*nats.Conn) {
			defer n.guard.Recover()
			close(n.gone)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			defer n.guard.Recover()
			log.Warn("connection to NATS lost: trying again", "error", err)
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			defer n.guard.Recover()
			log.Info("connected to NATS again", "server", c.ConnectedUrlRedacted())
		}))
	if err != nil {
		return nil, fmt.Errorf("NATS cannot be reached: %w: check -nats, its user and password, and that the server runs", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if _, err = n.conn.Subscribe(calloutSubject, n.answer); err == nil {
		err = n.conn.FlushWithContext(ctx)
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("NATS does not let this user answer the callout: %w: name it in auth_users, and its account in account", err)
	}
	return n, nil
}

// Server is the one that it is connected to, without a password.
func (n *NATS) Server() string { return n.conn.ConnectedUrlRedacted() }

// Close answers what has been asked, and ends.
func (n *NATS) Close() error {
	err := n.conn.Drain()
	if err != nil {
		n.conn.Close()
	}
	<-n.gone
	return err
}

func (n *NATS) answer(m *nats.Msg) {
	defer n.guard.Recover()
	answer, err := n.decide(string(m.Data))
	if err != nil {
		n.log.Warn("a callout of NATS cannot be answered", "error", err)
		return
	}
	if err := m.Respond([]byte(answer)); err != nil {
		n.log.Warn("a callout of NATS was not answered", "error", err)
	}
}

// decide makes a response of a request; both are JWTs.
func (n *NATS) decide(token string) (string, error) {
	request, err := jwt.DecodeAuthorizationRequestClaims(token)
	if err != nil {
		return "", fmt.Errorf("it is not a request: %w", err)
	}
	// Whoever may publish in that account could ask, but a server signs as what it says it is.
	if request.Issuer != request.Server.ID || !nkeys.IsValidPublicServerKey(request.Issuer) || !nkeys.IsValidPublicUserKey(request.UserNkey) {
		return "", errors.New("it was not asked by a server")
	}
	response := jwt.NewAuthorizationResponseClaims(request.UserNkey)
	response.Audience = request.Server.ID
	id, err := n.door.Login(request.ConnectOptions.Username, request.ConnectOptions.Password)
	if err != nil {
		response.Error = "refused"
	} else if response.Jwt, err = n.user(request.UserNkey, id); err != nil {
		return "", err
	}
	return response.Encode(n.issuer)
}

// user is what a client may do, signed. Subjects have dots where topics have slashes.
func (n *NATS) user(nkey, id string) (string, error) {
	u := jwt.NewUserClaims(nkey)
	u.Name, u.Audience = id, n.account
	u.AllowedConnectionTypes.Add(jwt.ConnectionTypeMqtt, jwt.ConnectionTypeMqttWS)
	publish, subscribe := rendezvous.Rights(id)
	if n.door.MayPublish(id, rendezvous.ICETopic, true) { // the publisher of credentials
		publish, subscribe = []string{rendezvous.ICETopic}, nil
	}
	for _, topic := range publish {
		u.Pub.Allow.Add(subject(topic))
	}
	for _, topic := range subscribe {
		u.Sub.Allow.Add(subject(topic))
	}
	u.Sub.Allow.Add("$MQTT.sub.>") // the server's own, for subscriptions with QoS 1
	return u.Encode(n.issuer)
}

func subject(topic string) string {
	return strings.NewReplacer("/", ".", "+", "*").Replace(topic)
}
