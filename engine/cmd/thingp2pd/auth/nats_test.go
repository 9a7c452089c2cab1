package auth

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

func nkey(t testing.TB, create func() (nkeys.KeyPair, error)) (pair nkeys.KeyPair, public string) {
	t.Helper()
	pair, err := create()
	if err == nil {
		public, err = pair.PublicKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	return pair, public
}

func TestCallout(t *testing.T) {
	issuer, issuerKey := nkey(t, nkeys.CreateAccount)
	server, serverID := nkey(t, nkeys.CreateServer)
	stranger, _ := nkey(t, nkeys.CreateServer)
	_, user := nkey(t, nkeys.CreateUser)
	n := &NATS{door: testDoor(t), issuer: issuer, account: "THINGS"}
	request := func(signer nkeys.KeyPair, name, password string) string {
		r := jwt.NewAuthorizationRequestClaims(user)
		r.Server.ID, r.UserNkey = serverID, user
		r.ConnectOptions.Username, r.ConnectOptions.Password = name, password
		token, err := r.Encode(signer)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	decide := func(token string) *jwt.AuthorizationResponseClaims {
		t.Helper()
		answer, err := n.decide(token)
		if err != nil {
			t.Fatal(err)
		}
		response, err := jwt.DecodeAuthorizationResponseClaims(answer)
		if err != nil || response.Issuer != issuerKey || response.Audience != serverID || response.Subject != user {
			t.Fatal(response, err)
		}
		return response
	}

	one := newSomebody('1')
	login := request(server, one.id, one.password(ident.Device, brokerName+":1883"))
	response := decide(login)
	claims, err := jwt.DecodeUserClaims(response.Jwt)
	if response.Error != "" || err != nil || claims.Name != one.id || claims.Subject != user || claims.Audience != "THINGS" || claims.Issuer != issuerKey {
		t.Fatal(response, claims, err)
	}
	if !slices.Equal(claims.AllowedConnectionTypes, jwt.StringList{jwt.ConnectionTypeMqtt, jwt.ConnectionTypeMqttWS}) {
		t.Error(claims.AllowedConnectionTypes)
	}
	if want := (jwt.StringList{"t2p.1.d." + one.id + ".st", "t2p.1.d.*.rx", "t2p.1.a.*.rx"}); !slices.Equal(claims.Pub.Allow, want) {
		t.Error(claims.Pub.Allow)
	}
	if want := (jwt.StringList{"t2p.1.ice", "t2p.1.d." + one.id + ".rx", "t2p.1.a." + one.id + ".rx", "t2p.1.d.*.st", "$MQTT.sub.>"}); !slices.Equal(claims.Sub.Allow, want) {
		t.Error(claims.Sub.Allow)
	}

	for what, token := range map[string]string{
		"a login that was used":     login,
		"a login for another":       request(server, one.id, one.password(ident.Device, "other.example:1883")),
		"no login":                  request(server, "alice", "secret"),
		"the publisher's wrong one": request(server, "thingp2pd", "secret"),
		"nobody":                    request(server, "", ""),
	} {
		if response := decide(token); response.Error == "" || response.Jwt != "" {
			t.Errorf("%s is let in", what)
		}
	}

	claims, err = jwt.DecodeUserClaims(decide(request(server, "thingp2pd", "se:cret")).Jwt)
	if err != nil || !slices.Equal(claims.Pub.Allow, jwt.StringList{"t2p.1.ice"}) || !slices.Equal(claims.Sub.Allow, jwt.StringList{"$MQTT.sub.>"}) {
		t.Error(claims, err)
	}

	for what, token := range map[string]string{
		"another server's": request(stranger, one.id, one.password(ident.Device, brokerName+":1883")),
		"nothing":          "",
		"a user's":         response.Jwt,
	} {
		if answer, err := n.decide(token); err == nil {
			t.Errorf("%s request is answered: %s", what, answer)
		}
	}
}

func FuzzCallout(f *testing.F) {
	issuer, _ := nkey(f, nkeys.CreateAccount)
	server, serverID := nkey(f, nkeys.CreateServer)
	_, user := nkey(f, nkeys.CreateUser)
	r := jwt.NewAuthorizationRequestClaims(user)
	r.Server.ID, r.UserNkey = serverID, user
	token, err := r.Encode(server)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("")
	f.Add("a.b.c")
	n := &NATS{door: nobodyIsLetIn{}, issuer: issuer, account: "THINGS"}
	f.Fuzz(func(t *testing.T, token string) {
		n.decide(token)
	})
}

type nobodyIsLetIn struct{ Door }

func (nobodyIsLetIn) Login(string, string) (string, error) { return "", errPassword }

// TestPasswordOfNATSIsNotTold by an error about its URL.
func TestPasswordOfNATSIsNotTold(t *testing.T) {
	pair, _ := nkey(t, nkeys.CreateAccount)
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	issuer := filepath.Join(t.TempDir(), "issuer")
	if err := os.WriteFile(issuer, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"nats://auth:S3cr%t@127.0.0.1:1", "nats://127.0.0.1:1, nats://auth:S3cr%t@127.0.0.1:1", "nats://auth:S3cr/%t@127.0.0.1:1", "nats://auth:S3cr#t@127.0.0.1:1"} {
		_, err := DialNATS(t.Context(), url, issuer, "THINGS", testDoor(t), slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), "S3cr") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
