package auth

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/rendezvous"
)

const brokerName = "things.example"

// somebody is a key with an id.
type somebody struct {
	id  string
	key ed25519.PrivateKey
}

func newSomebody(seed byte) somebody {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
	return somebody{ident.Format(key.Public().(ed25519.PublicKey)), key}
}

func (s somebody) password(role byte, server string) string {
	return ident.NewPassword(role, s.id, server, time.Now(), func(text []byte) []byte { return ed25519.Sign(s.key, text) })
}

func testDoor(t *testing.T) Door {
	t.Helper()
	file := filepath.Join(t.TempDir(), "publisher")
	if err := os.WriteFile(file, []byte("thingp2pd:se:cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	publisher, err := LoadAccount(file)
	if err != nil {
		t.Fatal(err)
	}
	return NewDoor(rendezvous.NewVerifier([]string{brokerName}, slog.New(slog.DiscardHandler)), publisher)
}

func TestBrokersAreAnswered(t *testing.T) {
	one, other := newSomebody('1'), newSomebody('2')
	h := handler(testDoor(t))
	once := one.password(ident.Device, brokerName+":1883") // a door takes none that is older than itself
	ask := func(path string, q map[string]string, form bool) *httptest.ResponseRecorder {
		t.Helper()
		values := url.Values{}
		for name, value := range q {
			values.Set(name, value)
		}
		body, kind := values.Encode(), "application/x-www-form-urlencoded"
		if !form {
			text, err := json.Marshal(q)
			if err != nil {
				t.Fatal(err)
			}
			body, kind = string(text), "application/json; charset=utf-8"
		}
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	login := func(user, password string) map[string]string {
		return map[string]string{"username": user, "password": password, "clientid": "c"}
	}
	may := func(id, what, topic string) map[string]string {
		acc := map[string]string{"publish": "2", "subscribe": "4"}[what]
		return map[string]string{"username": id, "action": what, "acc": acc, "topic": topic, "clientid": "c"}
	}
	d, a := "t2p/1/d/", "t2p/1/a/"
	for _, test := range []struct {
		what string
		q    map[string]string
		want bool
	}{
		{"a login", login(one.id, once), true},
		{"the same again", login(one.id, once), false},
		{"a login of an app", login(one.id, one.password(ident.App, brokerName+":8883")), true},
		{"a login for another server", login(one.id, one.password(ident.App, "other.example:1883")), false},
		{"a login with another's key", login(other.id, one.password(ident.App, brokerName+":1883")), false},
		{"no login", login("alice", "secret"), false},
		{"no password", map[string]string{"username": one.id}, false},
		{"nothing", nil, false},
		{"the publisher", login("thingp2pd", "se:cret"), true},
		{"the publisher with another password", login("thingp2pd", "secret"), false},
		{"its own status", may(one.id, "publish", d+one.id+"/st"), true},
		{"another's status", may(one.id, "publish", d+other.id+"/st"), false},
		{"a device's inbox", may(one.id, "publish", d+other.id+"/rx"), true},
		{"an app's inbox", may(one.id, "publish", a+other.id+"/rx"), true},
		{"the credentials", may(one.id, "publish", "t2p/1/ice"), false},
		{"something else", may(one.id, "publish", "home/door"), false},
		{"its own inbox", may(one.id, "subscribe", d+one.id+"/rx"), true},
		{"its own inbox as an app", may(one.id, "subscribe", a+one.id+"/rx"), true},
		{"another's inbox", may(one.id, "subscribe", d+other.id+"/rx"), false},
		{"a status", may(one.id, "subscribe", d+other.id+"/st"), true},
		{"all statuses", may(one.id, "subscribe", d+"+/st"), false},
		{"everything", may(one.id, "subscribe", "#"), false},
		{"to read the credentials", may(one.id, "subscribe", "t2p/1/ice"), true},
		{"no id", may("alice", "publish", d+other.id+"/rx"), false},
		{"no id, its own inbox", may("alice", "subscribe", d+"alice/rx"), false},
		{"the publisher's topic", may("thingp2pd", "publish", "t2p/1/ice"), true},
		{"the publisher's, another's inbox", may("thingp2pd", "publish", d+one.id+"/rx"), false},
		{"the publisher's, to read", may("thingp2pd", "subscribe", d+one.id+"/st"), false},
		{"neither way", may(one.id, "all", d+one.id+"/st"), false},
	} {
		t.Run(test.what, func(t *testing.T) {
			emqx, mosquitto := "/emqx/login", "/mosquitto/user"
			if test.q["topic"] != "" {
				emqx, mosquitto = "/emqx/acl", "/mosquitto/acl"
			}
			if w := ask(mosquitto, test.q, true); (w.Code == 200) != test.want || w.Code != 200 && w.Code != 403 {
				t.Errorf("mosquitto-go-auth is answered with %d", w.Code)
			}
			if test.what == "a login" {
				test.q["password"] = one.password(ident.Device, brokerName+":1883")
			} else if test.what == "a login of an app" {
				test.q["password"] = one.password(ident.App, brokerName+":1883")
			}
			var answer struct {
				Result string `json:"result"`
				Super  bool   `json:"is_superuser"`
			}
			w := ask(emqx, test.q, false)
			err := json.Unmarshal(w.Body.Bytes(), &answer)
			if want := map[bool]string{true: "allow", false: "deny"}[test.want]; err != nil || w.Code != 200 || answer.Result != want || answer.Super {
				t.Errorf("EMQX is answered with %d %s", w.Code, w.Body)
			}
			if ask("/mosquitto/superuser", test.q, true).Code != 403 {
				t.Error("a superuser")
			}
		})
	}
	if door := testDoor(t); door.MayPublish(one.id, d+other.id+"/rx", true) || !door.MayPublish(one.id, d+one.id+"/st", true) {
		t.Error("what may be retained is another")
	}
}

func TestStrangeRequests(t *testing.T) {
	h := handler(testDoor(t))
	for _, test := range []struct {
		method, path, kind, body string
		code                     int
	}{
		{"GET", "/emqx/login", "", "", 405},
		{"POST", "/other", "", "", 404},
		{"POST", "/emqx/login", "application/json", "{", 400},
		{"POST", "/emqx/login", "application/json", "[]", 400},
		{"POST", "/emqx/login", "application/json", `{"username": {"a": 1}, "password": [1]}`, 200},
		{"POST", "/emqx/login", "application/json", "null", 200},
		{"POST", "/mosquitto/user", "", "%zz", 400},
		{"POST", "/mosquitto/user", "", strings.Repeat("a", maxBody+1), 400},
	} {
		r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
		r.Header.Set("Content-Type", test.kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.code || strings.Contains(w.Body.String(), "allow") {
			t.Errorf("%s %s %.20s: %d %s", test.method, test.path, test.body, w.Code, w.Body)
		}
	}
}

func TestListenHTTP(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s, err := ListenHTTP("127.0.0.1:0", testDoor(t), log)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	answer, err := http.PostForm(fmt.Sprintf("http://%s/mosquitto/user", s.Addr()), url.Values{"username": {"thingp2pd"}, "password": {"se:cret"}})
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Error(answer.Status)
	}
	if _, err := ListenHTTP(s.Addr().String(), testDoor(t), log); err == nil || !strings.Contains(err.Error(), "give -http another") {
		t.Error(err)
	}
}

func TestAccountFile(t *testing.T) {
	for text, good := range map[string]bool{"a:b": true, " a:b \nmore": true, "": false, "a": false, ":b": false, "a:": false} {
		file := filepath.Join(t.TempDir(), "account")
		os.WriteFile(file, []byte(text), 0o600)
		if a, err := LoadAccount(file); (err == nil) != good || good && (!a.is("a") || a.check("b") != nil || a.check("c") == nil) {
			t.Errorf("%q: %v %v", text, a, err)
		}
	}
	if _, err := LoadAccount("/no/such/file"); err == nil {
		t.Error("a file that is not there")
	}
	if (Account{}).is("") {
		t.Error("nobody has an account")
	}
}

func FuzzQuestion(f *testing.F) {
	for _, text := range []string{"", "a=b&c=d", `{"username": "a", "retain": true, "qos": 1}`, "{", "%", "null"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []string{"", "application/json"} {
			q, err := parse(kind, []byte(text))
			if err != nil && len(q) > 0 {
				t.Error(q, err)
			}
			for _, name := range []string{"username", "password", "topic", "acc", "action", "retain"} {
				q.get(name)
			}
		}
	})
}
