package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func configured(t *testing.T, text string, args ...string) (*options, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "thingp2pd.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var says strings.Builder
	o, err := parseFlags(append([]string{"-config", file}, args...), &says)
	if err != nil && says.Len() == 0 {
		t.Errorf("%v, and nobody is told", err)
	}
	return o, says.String()
}

func TestConfigurationFile(t *testing.T) {
	o, says := configured(t, "# ours\n\nmqtt = :1884\n\tttl 5m\r\nallow-private-peers\nrefuse-others=false\nname a.example.org\nname=b.example.org\nturn =\n", "-ttl", "7m", "-name", "c.example.org")
	c := o.server
	if says != "" || c.MQTT != ":1884" || c.TTL != 7*time.Minute || !c.AllowPrivatePeers || c.RefuseOthers || c.TURN != "" ||
		!slices.Equal(c.Names, []string{"a.example.org", "b.example.org", "c.example.org"}) {
		t.Errorf("%+v\n%s", c, says)
	}
}

// All that is wrong is said at once, with its line.
func TestWrongConfigurationFile(t *testing.T) {
	_, says := configured(t, "mqqt :1883\nttl = soon\nconfig other\n-ws :80\nrelay-ports 9-1\nmx-clients 7\nsendmail on\n")
	for _, want := range []string{`conf:1: "mqqt" is not the name of a flag: did you mean mqtt?`, `conf:2: "ttl"`, `conf:3: "config" is for the command line`, `conf:4: "-ws" is not the name of a flag: here they have no dash`, `conf:6: "mx-clients" is not the name of a flag: did you mean max-clients?`, `conf:7: "sendmail" is not the name of a flag: -help lists them`, `conf:5: "relay-ports"`} {
		if !strings.Contains(says, want) {
			t.Errorf("%q is not in\n%s", want, says)
		}
	}
}

func FuzzSettings(f *testing.F) {
	for _, text := range []string{"", "mqtt :1", "mqtt=:1\nv", "a = = b", "#\n \t\r\n=", "ttl\t1s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range parseSettings(text) {
			if strings.ContainsAny(s.name+s.value, "\n") || strings.ContainsAny(s.name, " \t=") || s.line < 1 {
				t.Errorf("%+v", s)
			}
			flags := flag.NewFlagSet("", flag.ContinueOnError)
			flags.SetOutput(io.Discard)
			(&options{}).define(flags)
			if flags.Lookup(s.name) != nil {
				flags.Set(s.name, s.value)
			}
		}
	})
}

// -check says that a certificate has ended; a server that runs may have none better.
func TestCheckOfAnOldCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for want, times := range map[string][2]time.Duration{"ok\n": {-time.Hour, time.Hour}, "renew it": {-2 * time.Hour, -time.Hour}} {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(times[0]), NotAfter: time.Now().Add(times[1])}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, private := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		err = errors.Join(
			os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
			os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
		if err != nil {
			t.Fatal(err)
		}
		var says strings.Builder
		run(t.Context(), []string{"-check", "-cert", cert, "-key", private}, &says, &says)
		if !strings.Contains(says.String(), want) {
			t.Errorf("%q, want %q", says.String(), want)
		}
	}
}
