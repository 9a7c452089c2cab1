// Package auth is the door of brokers that others wrote: they ask it who a client is, and what it may do.
package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/thingp2p/libthingp2p/engine/cmd/thingp2pd/web"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

// Door decides.
type Door interface {
	// Login returns the id of who logs in.
	Login(user, password string) (id string, err error)
	MayPublish(id, topic string, retain bool) bool
	MaySubscribe(id, filter string) bool
}

// door is that of rendezvous, and of one more: who publishes the relays' credentials.
type door struct {
	*rendezvous.Verifier
	publisher Account
}

// NewDoor returns the door of a verifier's brokers. The publisher, if it has a name, has an account there with a password.
func NewDoor(v *rendezvous.Verifier, publisher Account) Door { return door{v, publisher} }

func (d door) Login(user, password string) (string, error) {
	if d.publisher.is(user) {
		return user, d.publisher.check(password)
	}
	return d.Verifier.Login(user, password)
}

func (d door) MayPublish(id, topic string, retain bool) bool {
	if d.publisher.is(id) {
		return topic == rendezvous.ICETopic
	}
	return rendezvous.MayPublish(id, topic, retain)
}

func (d door) MaySubscribe(id, filter string) bool {
	return !d.publisher.is(id) && rendezvous.MaySubscribe(id, filter)
}

// maxBody is far more than a login has.
const maxBody = 64 << 10

// ListenHTTP opens an address, and answers brokers that ask there:
//
//	/emqx/login, /emqx/acl                                   EMQX 5: {"result": "allow"} or "deny"
//	/mosquitto/user, /mosquitto/superuser, /mosquitto/acl    mosquitto-go-auth: 200 or 403
//
// What they send may be JSON or a form.
func ListenHTTP(address string, d Door, log *slog.Logger) (*web.Server, error) {
	return web.Listen("-http", address, func(*net.TCPAddr) http.Handler { return handler(d) }, log)
}

func handler(d Door) http.Handler {
	login := func(q question) bool {
		_, err := d.Login(q.get("username"), q.get("password"))
		return err == nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /emqx/login", asked(login, emqx))
	mux.HandleFunc("POST /emqx/acl", asked(func(q question) bool {
		switch id, topic := q.get("username"), q.get("topic"); q.get("action") {
		case "publish":
			return d.MayPublish(id, topic, q.get("retain") == "true")
		case "subscribe":
			return d.MaySubscribe(id, topic)
		}
		return false
	}, emqx))
	mux.HandleFunc("POST /mosquitto/user", asked(login, mosquitto))
	mux.HandleFunc("POST /mosquitto/superuser", asked(func(question) bool { return false }, mosquitto))
	mux.HandleFunc("POST /mosquitto/acl", asked(func(q question) bool {
		switch id, topic := q.get("username"), q.get("topic"); q.get("acc") {
		case "1", "4": // to be given a message, and to subscribe
			return d.MaySubscribe(id, topic)
		case "2":
			return d.MayPublish(id, topic, false)
		case "3":
			return d.MaySubscribe(id, topic) && d.MayPublish(id, topic, false)
		}
		return false
	}, mosquitto))
	return mux
}

// asked answers a question in a broker's way. Whoever sends something else is answered as one who may not.
func asked(decide func(question) bool, answer func(http.ResponseWriter, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := read(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		answer(w, decide(q))
	}
}

func emqx(w http.ResponseWriter, may bool) {
	result := "deny"
	if may {
		result = "allow"
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"result": %q, "is_superuser": false}`+"\n", result)
}

func mosquitto(w http.ResponseWriter, may bool) {
	if !may {
		http.Error(w, "denied", http.StatusForbidden)
		return
	}
	io.WriteString(w, "ok\n")
}

// question is what a broker sends: names and their values.
type question map[string]any

func (q question) get(name string) string {
	switch v := q[name].(type) {
	case string:
		return v
	case bool, float64:
		return fmt.Sprint(v)
	}
	return ""
}

func read(w http.ResponseWriter, r *http.Request) (question, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, errors.New("the request is longer than a login")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return parse(kind, text)
}

func parse(kind string, text []byte) (question, error) {
	q := question{}
	if kind == "application/json" {
		if err := json.Unmarshal(text, &q); err != nil {
			return nil, errors.New("the request is no JSON object")
		}
		return q, nil
	}
	form, err := url.ParseQuery(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, errors.New("the request is neither JSON, which its Content-Type would say, nor a form")
	}
	for name := range form {
		q[name] = form.Get(name)
	}
	return q, nil
}
