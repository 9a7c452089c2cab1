package ident

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStatement(t *testing.T) {
	device, sign := signer(1)
	app, _ := signer(2)
	for _, now := range dates {
		text := NewStatement(device, app, now, sign)
		s, err := ParseStatement(text)
		if err != nil || s.Device != device || !s.Until.Equal(now.Add(StatementLifetime)) || s.CheckSignature(app) != nil {
			t.Fatalf("%s: %+v, %v", text, s, err)
		}
		for after, holds := range map[time.Duration]bool{
			0: true, StatementLifetime - time.Millisecond: true, StatementLifetime: false, StatementLifetime + time.Hour: false,
			-LoginLifetime: true, -LoginLifetime - time.Millisecond: false, -365 * 24 * time.Hour: false, 1<<63 - 1: false, -1 << 63: false,
		} {
			if got := s.Holds(now.Add(after)); got != holds {
				t.Errorf("one of %v, %v later: %v", now, after, got)
			}
		}
	}
}

// A statement is of use to nobody but the app that it is about, and says nothing
// but what the device has said.
func TestStatementOfAStranger(t *testing.T) {
	device, sign := signer(1)
	app, _ := signer(2)
	other, otherSign := signer(3)
	good := NewStatement(device, app, at, sign)
	for name, c := range map[string]struct{ text, app string }{
		"about another app": {good, other},
		"about the device":  {good, device},
		"signed by another": {NewStatement(device, app, at, otherSign), app},
		"of another device": {strings.Replace(good, device, other, 1), app},
		"of another time":   {strings.Replace(good, ".1792592000000.", ".1792592000001.", 1), app},
		"a login's signature": {NewStatement(device, app, at, func(text []byte) []byte {
			return sign(bytes.Replace(text, []byte(statementDomain), []byte(loginDomain), 1))
		}), app},
		"signed without words": {NewStatement(device, app, at, func(text []byte) []byte { return sign(text[len(statementDomain):]) }), app},
	} {
		s, err := ParseStatement(c.text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := s.CheckSignature(c.app); !errors.Is(err, ErrStatementSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoStatement(t *testing.T) {
	device, sign := signer(1)
	app, _ := signer(2)
	good := NewStatement(device, app, at, sign)
	if len(good) > MaxStatementBytes {
		t.Errorf("a statement has %d bytes", len(good))
	}
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, text := range map[string]string{
		"nothing":       "",
		"version 2":     with("1.", "2."),
		"no device":     with(device, ""),
		"upper case":    with(device, strings.ToUpper(device)),
		"a sign":        with(".17", ".+17"),
		"leading zero":  with(".17", ".017"),
		"very late":     with(".17", ".9999917"),
		"one more":      good + ".x",
		"longer":        good + "A",
		"shorter":       good[:len(good)-1],
		"line end":      good[:len(good)-2] + "\n" + good[len(good)-1:],
		"much too long": good + strings.Repeat("A", MaxStatementBytes),
	} {
		if s, err := ParseStatement(text); !errors.Is(err, ErrStatementForm) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestLoginWithStatements(t *testing.T) {
	app, sign := signer(2)
	device, deviceSign := signer(1)
	statements := slices.Repeat([]string{NewStatement(device, app, at, deviceSign)}, MaxStatements)
	password := NewPassword(App, app, server, at, sign, statements...)
	l, err := check(app, password, at)
	if err != nil || !slices.Equal(l.Statements, statements) {
		t.Fatalf("%+v, %v", l, err)
	}
	// Who carries it cannot take one away.
	if _, err := check(app, strings.Replace(password, " "+statements[0], "", 1), at); !errors.Is(err, ErrLoginSignature) {
		t.Error(err)
	}
	if _, err := check(app, NewPassword(App, app, server, at, sign, append(statements, "x")...), at); !errors.Is(err, ErrLoginForm) {
		t.Error(err)
	}
}

func FuzzParseStatement(f *testing.F) {
	device, sign := signer(1)
	app, _ := signer(2)
	// The fuzzer's processes must all have the same.
	good := strings.Join([]string{"1", device, "1790000000000", base64.RawURLEncoding.EncodeToString(sign(statementText(device, app, "1790000000000")))}, ".")
	f.Add(good)
	f.Add("1." + device + ".0." + strings.Repeat("A", 86))
	f.Add("....")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStatement(text)
		if err != nil {
			return
		}
		if !Valid(s.Device) || s.Until.Year() < 1970 || len(text) > MaxStatementBytes {
			t.Errorf("%+v", s)
		}
		s.Holds(at)
		if s.CheckSignature(app) == nil && text != good {
			t.Errorf("forged: %q", text)
		}
	})
}
