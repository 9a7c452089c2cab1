package ident

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

const server = "example.org:1883"

var at = time.Unix(1790000000, 0)

// signer is the same for the same number.
func signer(number byte) (id string, sign func([]byte) []byte) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
	return Format(key.Public().(ed25519.PublicKey)), func(text []byte) []byte { return ed25519.Sign(key, text) }
}

// check does what a server does.
func check(user, password string, now time.Time) (*Login, error) {
	l, err := ParseLogin(user, password)
	if err == nil {
		err = l.CheckTime(now)
	}
	if err == nil {
		err = l.CheckSignature()
	}
	return l, err
}

func TestLogin(t *testing.T) {
	id, sign := signer(1)
	for _, role := range []byte{App, Device} {
		password := NewPassword(role, id, server, at, sign)
		l, err := check(id, password, at)
		if err != nil {
			t.Fatalf("%s: %v", password, err)
		}
		if l.ID != id || l.Role != role || l.Server != server || l.Host() != "example.org" || !l.Issued.Equal(at) {
			t.Errorf("%+v", l)
		}
	}
	first, second := NewPassword(App, id, server, at, sign), NewPassword(App, id, server, at, sign)
	if first == second {
		t.Error("two logins are the same")
	}
	if l, err := check(id, NewPassword(App, id, "[2001:db8::1]:1883", at, sign), at); err != nil || l.Host() != "2001:db8::1" {
		t.Error(l, err)
	}
}

func TestLoginOfAStranger(t *testing.T) {
	id, sign := signer(1)
	other, otherSign := signer(2)
	good := NewPassword(Device, id, server, at, sign)
	for name, c := range map[string][2]string{
		"another key":     {id, NewPassword(Device, id, server, at, otherSign)},
		"another id":      {other, good},
		"another role":    {id, strings.Replace(good, " d ", " a ", 1)},
		"another server":  {id, strings.Replace(good, "example.org", "example.com", 1)},
		"another expiry":  {id, strings.Replace(good, " 1790000600000 ", " 1790000599999 ", 1)},
		"signed as is":    {id, NewPassword(Device, id, server, at, func(b []byte) []byte { return sign(b[len(loginDomain):]) })},
		"another's nonce": {id, changed(good, len(good)-90)},
	} {
		if c[1] == good && c[0] == id {
			t.Fatalf("%s is the same login", name)
		}
		if _, err := check(c[0], c[1], at); !errors.Is(err, ErrLoginSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// changed is text with another character at a place.
func changed(text string, at int) string {
	other := "A"
	if text[at] == 'A' {
		other = "B"
	}
	return text[:at] + other + text[at+1:]
}

func TestLoginOfAnotherTime(t *testing.T) {
	id, sign := signer(1)
	password := NewPassword(App, id, server, at, sign)
	for _, test := range []struct {
		after time.Duration
		ok    bool
	}{
		{0, true}, {LoginLifetime - time.Second, true}, {LoginLifetime, false}, {time.Hour, false},
		{-LoginLifetime, true}, {-LoginLifetime - time.Second, false}, {-50 * 365 * 24 * time.Hour, false},
	} {
		if _, err := check(id, password, at.Add(test.after)); (err == nil) != test.ok || err != nil && !errors.Is(err, ErrLoginTime) {
			t.Errorf("after %v: %v", test.after, err)
		}
	}
	// A client may not give itself more time.
	long := strings.Replace(password, " 1790000600000 ", " 1890000600000 ", 1)
	if _, err := check(id, long, at); !errors.Is(err, ErrLoginTime) {
		t.Errorf("a life of years: %v", err)
	}
}

func TestWhatIsNoLogin(t *testing.T) {
	id, sign := signer(1)
	good := NewPassword(App, id, server, at, sign)
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, c := range map[string][2]string{
		"no user":       {"", good},
		"a name":        {"alice", good},
		"upper case":    {strings.ToUpper(id), good},
		"no password":   {id, ""},
		"a password":    {id, "secret"},
		"version 1":     {id, with("2 ", "1 ")},
		"role x":        {id, with(" a ", " x ")},
		"no role":       {id, with(" a ", "  ")},
		"no port":       {id, with(":1883", "")},
		"no host":       {id, with("example.org", "")},
		"a sign":        {id, with(" 1790000000", " +1790000000")},
		"leading zero":  {id, with(" 1790000000", " 01790000000")},
		"negative":      {id, with(" 1790000000", " -1")},
		"very late":     {id, with(" 1790000600000", " 9999999999999999")},
		"one too many":  {id, good + strings.Repeat(" x", MaxStatements+1)},
		"no statement":  {id, good[:len(good)-86] + " " + good[len(good)-86:]},
		"longer":        {id, good + "A"},
		"shorter":       {id, good[:len(good)-1]},
		"line end":      {id, good[:len(good)-2] + "\n" + good[len(good)-1:]},
		"much too long": {id, with("example.org", strings.Repeat("x", maxPasswordBytes))},
	} {
		if l, err := ParseLogin(c[0], c[1]); !errors.Is(err, ErrLoginForm) {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

// Nobody gets in with a password that the holder of the key has not made.
func FuzzParseLogin(f *testing.F) {
	id, sign := signer(1)
	// The fuzzer's processes must all have the same.
	claims := "2 d example.org:1883 1790000000000 1790000600000 AAAAAAAAAAAAAAAAAAAAAA 1.statement"
	good := claims + " " + base64.RawURLEncoding.EncodeToString(sign(loginText(id, claims)))
	f.Add(id, good)
	f.Add(id, "2 a [::1]:1 0 0 AAAAAAAAAAAAAAAAAAAAAA "+strings.Repeat("A", 86))
	f.Add("", "")
	f.Fuzz(func(t *testing.T, user, password string) {
		l, err := ParseLogin(user, password)
		if err != nil {
			return
		}
		if len(l.Statements) > MaxStatements || l.Host() == "" || l.Expires.Year() < 1970 || l.Role != App && l.Role != Device || !Valid(l.ID) {
			t.Errorf("%+v", l)
		}
		if l.CheckSignature() == nil && (user != id || password != good) {
			t.Errorf("forged: %q %q", user, password)
		}
	})
}
