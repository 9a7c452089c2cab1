package rendezvous

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/pion/stun"
	pion "github.com/pion/turn/v2"
)

// A new secret takes no credential away before its time, whichever secret it is from, on
// any transport; what was never a secret here, or has expired, stays refused.
func TestCredentialsOfOldSecrets(t *testing.T) {
	s := startTURN(t, TURNConfig{OldSecrets: []string{"the secret before", "the one before that"}})
	for name, c := range map[string]struct {
		secret string
		lasts  time.Duration
		want   bool
	}{
		"the present one":   {testSecret, time.Hour, true},
		"the last one":      {"the secret before", time.Hour, true},
		"the one before":    {"the one before that", time.Hour, true},
		"another":           {"another secret", time.Hour, false},
		"none":              {"", time.Hour, false},
		"an old, expired":   {"the secret before", -time.Second, false},
		"the present, late": {testSecret, -time.Second, false},
	} {
		username, password := Credential(c.secret, theApp.id, time.Now().Add(c.lasts))
		for _, transport := range []string{"udp", "tcp", "tls"} {
			relay, err := s.dialTURN(t, transport, username, password).Allocate()
			if got := err == nil; got != c.want {
				t.Errorf("%s over %s: %v", name, transport, err)
			}
			if relay != nil {
				relay.Close()
			}
		}
	}
}

// Old secrets never sign.
func TestOldSecretsDoNotSign(t *testing.T) {
	s := start(t, Config{MQTT: "127.0.0.1:0", TURN: "127.0.0.1:0", PublicIP: loopback, Secret: testSecret, OldSecrets: []string{"the secret before"}})
	doc := document(t, s.URL(), nil)
	if len(doc.TURN) == 0 {
		t.Fatal("no relays")
	}
	for _, server := range doc.TURN {
		if server.Credential != passwordOf(testSecret, server.Username) {
			t.Errorf("%s has a credential that is not of the present secret", server.URL)
		}
	}
}

func TestAnEmptyOldSecretIsRefused(t *testing.T) {
	s, err := Start(context.Background(), Config{TURN: "127.0.0.1:0", PublicIP: loopback, OldSecrets: []string{""}})
	if err == nil {
		s.Close()
		t.Error("anybody may sign")
	}
}

// Whatever a stranger sends, its key is that of a secret, and an old one's only if it is signed
// with that.
func FuzzMessageOfSomeSecret(f *testing.F) {
	all := secrets{testSecret, []string{"the secret before"}}
	key := func(secret string) []byte { return pion.GenerateAuthKey("user", Realm, passwordOf(secret, "user")) }
	for _, secret := range []string{testSecret, "the secret before", "another secret"} {
		m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("user"), stun.MessageIntegrity(key(secret)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Raw)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, message []byte) {
		sent := bytes.Clone(message)
		got := all.keyFor("user", Realm, message)
		if !bytes.Equal(message, sent) {
			t.Error("the message is another now, and pion has still to read it")
		}
		want := key(testSecret)
		if isSignedWith(key("the secret before"), message) {
			want = key("the secret before")
		}
		if !bytes.Equal(got, want) {
			t.Errorf("% x has the wrong key", message)
		}
	})
}
