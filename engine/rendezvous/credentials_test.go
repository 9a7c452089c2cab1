package rendezvous

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCredentialIsCoturns(t *testing.T) {
	// printf 1790000000:t2p | openssl dgst -sha1 -hmac secret -binary | base64
	username, password := Credential("secret", "t2p", time.Unix(1790000000, 0))
	if username != "1790000000:t2p" || password != "ITiyiSzQ4QEqTZy/DYQ6IuTsv0Q=" {
		t.Errorf("got %s %s", username, password)
	}
}

func TestPseudonym(t *testing.T) {
	// k=$(openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt key:secret -kdfopt "info:thingp2p: names of relays' clients" -binary HKDF | xxd -p -c 64)
	// printf alice | openssl dgst -sha256 -mac HMAC -macopt hexkey:$k | cut -d" " -f2 | cut -c-32
	if got := Pseudonym("secret", "alice"); got != "5707aa6323a21081ae08125d869b0d4e" {
		t.Errorf("got %s", got)
	}
	seen := map[string]bool{sharedName: true}
	for _, secret := range []string{"secret", "another"} {
		for _, account := range []string{theApp.id, theDevice.id} {
			name := Pseudonym(secret, account)
			if seen[name] || name != Pseudonym(secret, account) || strings.Contains(name, ":") {
				t.Errorf("%s of %s", name, account)
			}
			seen[name] = true
		}
	}
}

func TestExpiryOf(t *testing.T) {
	for username, want := range map[string]int64{
		"1790000000:t2p": 1790000000, "1790000000": 1790000000, "1790000000:": 1790000000, "7:a:b": 7,
		"": -1, ":t2p": -1, "-1:t2p": -1, "+1:t2p": -1, "1e9:t2p": -1, " 1:t2p": -1, "9999999999999999": -1,
	} {
		got, ok := expiryOf(username)
		if ok != (want >= 0) || ok && got.Unix() != want {
			t.Errorf("%q: %v %v", username, got.Unix(), ok)
		}
	}
}

func FuzzExpiryOf(f *testing.F) {
	f.Add("1790000000:t2p")
	f.Add(":")
	f.Fuzz(func(t *testing.T, username string) {
		if at, ok := expiryOf(username); ok && (at.Unix() < 0 || at.Year() < 1970) {
			t.Errorf("%q: %v", username, at)
		}
	})
}

func TestICEDocument(t *testing.T) {
	var doc ICEDocument
	text := iceServers{[]string{"203.0.113.1:3478"}, []TURNServer{{URL: "turn:a"}, {URL: "turns:b", Pin: "pin"}}, theSecret}.shared(time.Unix(1790000000, 0))
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	username, password := Credential("secret", "t2p", time.Unix(1790000000, 0))
	want := []TURNServer{{"turn:a", username, password, ""}, {"turns:b", username, password, "pin"}}
	if doc.V != 1 || doc.Expires != 1790000000 || !slices.Equal(doc.TURN, want) || !slices.Equal(doc.STUN, []string{"203.0.113.1:3478"}) {
		t.Errorf("got %s", text)
	}
	if empty := string(iceServers{secret: theSecret}.shared(time.Unix(1, 0))); empty != `{"v":1,"expires":1,"stun":[],"turn":[]}` {
		t.Errorf("without servers: %s", empty)
	}
	nobody := iceServers{turn: []TURNServer{{URL: "turn:a"}}, secret: theSecret}
	if text := string(nobody.personal("", time.UnixMilli(1234), time.Unix(5, 0))); text != `{"v":1,"expires":5,"stun":[],"turn":[],"unknown":true,"now":1234}` {
		t.Errorf("for nobody: %s", text)
	}
}

func TestParseTURNURL(t *testing.T) {
	for url, want := range map[string]turnURL{
		"turn:192.0.2.1:3478":                    {"192.0.2.1:3478", true},
		"turn:192.0.2.1:3478?transport=udp":      {"192.0.2.1:3478", true},
		"turn:t.example.org:3478?transport=tcp":  {"t.example.org:3478", false},
		"turns:t.example.org:5349?transport=tcp": {"t.example.org:5349", false},
		"turns:[2001:db8::1]:5349":               {"[2001:db8::1]:5349", false},
		"turn:192.0.2.1":                         {},
		"turn::3478":                             {},
		"turn:a:":                                {},
		"turn:a:b":                               {},
		"turns:a:1?transport=udp":                {},
		"stun:a:1":                               {},
		"a:1":                                    {},
		"":                                       {},
	} {
		if got, err := parseTURNURL(url); got != want || (err == nil) != (want != turnURL{}) {
			t.Errorf("%s: %v %v", url, got, err)
		}
	}
}

func TestParsePortRange(t *testing.T) {
	for text, want := range map[string]PortRange{
		"49152-65535": {49152, 65535}, "2000-2000": {2000, 2000},
		"": {}, "-": {}, "0-0": {}, "5-2": {}, "80-90": {}, "2000": {}, "2000-": {}, "1-65536": {}, "a-b": {}, "2000-3000-4000": {}, "3000-2000": {},
	} {
		got, err := ParsePortRange(text)
		if (err == nil) != (want != PortRange{}) || err == nil && got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}

func FuzzParsePortRange(f *testing.F) {
	f.Add("49152-65535")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := ParsePortRange(text); err == nil && (r.Min < lowestPeerPort || r.size() < 1) {
			t.Errorf("%q: %v", text, r)
		}
	})
}

func FuzzParseBroker(f *testing.F) {
	f.Add("mqtt://user:pass@host:1883")
	f.Add("wss://host/path")
	f.Fuzz(func(t *testing.T, text string) {
		if u, err := parseBroker(text); err == nil && (u.Port() == "" || u.Hostname() == "") {
			t.Errorf("%q: %v", text, u)
		}
	})
}

func TestParseBroker(t *testing.T) {
	for text, want := range map[string]string{
		"mqtt://host":              "mqtt://host:1883",
		"mqtts://u:p@host":         "mqtts://host:8883",
		"ws://host/mqtt":           "ws://host:80/mqtt",
		"wss://[2001:db8::1]":      "wss://[2001:db8::1]:443",
		"mqtt://host:77":           "mqtt://host:77",
		"http://host":              "",
		"mqtt://":                  "",
		"mqtt://host/path":         "",
		"host":                     "",
		"mqtt://u:secret@host:bad": "",
	} {
		u, err := parseBroker(text)
		if want == "" {
			if err == nil || strings.Contains(err.Error(), "secret@") {
				t.Errorf("%s: %v %v", text, u, err)
			}
			continue
		}
		if err != nil || publicURL(u) != want {
			t.Errorf("%s: %v %v", text, u, err)
		}
	}
}

func theSecret() string { return "secret" }
