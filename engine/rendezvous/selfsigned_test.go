package rendezvous

import (
	"crypto/tls"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

func TestSelfSignedSurvivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.pem")
	pins := make(chan string, 8)
	var wg sync.WaitGroup
	for range cap(pins) { // also when several processes start at once
		wg.Go(func() {
			_, pin, err := LoadSelfSigned(file)
			if err != nil || !ident.ValidPin(pin) {
				t.Error(pin, err)
			}
			pins <- pin
		})
	}
	wg.Wait()
	first := <-pins
	for len(pins) > 0 {
		if pin := <-pins; pin != first {
			t.Errorf("pins %s and %s", first, pin)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if _, other, err := LoadSelfSigned(filepath.Join(t.TempDir(), "own.pem")); err != nil || other == first {
		t.Error("another server has the same key", err)
	}
}

func TestSelfSignedErrorsTellWhatToDo(t *testing.T) {
	damaged := filepath.Join(t.TempDir(), "own.pem")
	os.WriteFile(damaged, []byte("-----BEGIN"), 0o600)
	for file, want := range map[string]string{damaged: "delete the file", "/no/such/directory/own.pem": "give -self-signed"} {
		if _, _, err := LoadSelfSigned(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestThePinIsInTheURLs(t *testing.T) {
	config, pin, err := LoadSelfSigned(filepath.Join(t.TempDir(), "own.pem"))
	if err != nil {
		t.Fatal(err)
	}
	const any = "127.0.0.1:0"
	s := start(t, Config{MQTT: any, MQTTS: any, WS: any, WSS: any, TURN: any, TURNS: any, TLS: config, Pin: pin})
	for _, text := range append(s.extra, s.URL()) {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		secure := u.Scheme == "mqtts" || u.Scheme == "wss"
		if got := u.Query().Get("pin"); secure && got != pin || !secure && got != "" {
			t.Errorf("%s, want the pin %s", text, pin)
		}
		client := &tls.Config{}
		ident.PinTLS(client, pin)
		for _, server := range document(t, text, client).TURN {
			if secure := strings.HasPrefix(server.URL, "turns:"); secure && server.Pin != pin || !secure && server.Pin != "" {
				t.Errorf("%+v", server)
			}
		}
	}
	if !strings.HasPrefix(s.URL(), "mqtts://") {
		t.Errorf("the printed URL is %s", s.URL())
	}
	// It is somebody else's server.
	_, address, _ := strings.Cut(strings.Split(s.URL(), "?")[0], "://")
	client := &tls.Config{ServerName: "x"}
	ident.PinTLS(client, strings.Repeat("A", len(pin)))
	if _, err := tls.Dial("tcp", address, client); !errors.Is(err, ident.ErrPin) {
		t.Errorf("another pin: %v", err)
	}
}
