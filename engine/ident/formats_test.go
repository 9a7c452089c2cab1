package ident

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/capi/tests/formats"
)

func readLogin(with formats.Fields) formats.Fields {
	l, err := ParseLogin(text(with["user"]), text(with["password"]))
	if err != nil {
		return nil
	}
	statements := []any{}
	for _, s := range l.Statements {
		statements = append(statements, formats.Hex(s))
	}
	return formats.Fields{
		"role": string(l.Role), "server": formats.Hex(l.Server), "issued": l.Issued.UnixMilli(), "expires": l.Expires.UnixMilli(),
		"nonce": formats.Hex(l.Nonce[:]), "statements": statements, "genuine": l.CheckSignature() == nil,
	}
}

func text(inHex any) string {
	b, err := hex.DecodeString(inHex.(string))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func loginFields(user, password string) formats.Fields {
	return formats.Fields{"user": formats.Hex(user), "password": formats.Hex(password)}
}

func loginVectors() []formats.Vector {
	id, sign := signer(1)
	login := func(claims string) string {
		return claims + " " + base64.RawURLEncoding.EncodeToString(sign(loginText(id, claims)))
	}
	const claims = "2 a example.org:1883 1790000000000 1790000600000 AAECAwQFBgcICQoLDA0ODw"
	good := login(claims)
	other, _ := signer(2)
	return []formats.Vector{
		{Name: "of an app", With: loginFields(id, good)},
		{Name: "of a device at an IPv6 address", With: loginFields(id, login("2 d [2001:db8::1]:8883 0 1 AAECAwQFBgcICQoLDA0ODw"))},
		{Name: "signed for another id", With: loginFields(other, good)},
		{Name: "another version", With: loginFields(id, login("1 a example.org:1883 1790000000 1790000600 AAECAwQFBgcICQoLDA0ODw"))},
		{Name: "an id in upper case", With: loginFields(strings.ToUpper(id), good)},
		{Name: "with statements", With: loginFields(id, login(claims+" 1.device.0.signature what-a-newer-device-says"))},
		{Name: "with too many of them", With: loginFields(id, login(claims+" 1 2 3 4 5"))},
		{Name: "with an empty one", With: loginFields(id, login(claims+" "))},
		{Name: "two spaces", With: loginFields(id, strings.Replace(good, " ", "  ", 1))},
		{Name: "a nonce with bits to spare", With: loginFields(id, login("2 a example.org:1883 1790000000000 1790000600000 AAECAwQFBgcICQoLDA0ODx"))},
		{Name: "no port", With: loginFields(id, login("2 a example.org 1790000000000 1790000600000 AAECAwQFBgcICQoLDA0ODw"))},
	}
}

func TestLoginVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/login.json", "login", loginVectors, readLogin)
}

func TestLoginOfTheSecondImplementation(t *testing.T) {
	made, _ := formats.Ask(t, "make login", formats.Fields{
		"seed": formats.Hex(bytes.Repeat([]byte{1}, ed25519.SeedSize)), "role": "d", "server": server,
		"issued": at.UnixMilli(), "expires": at.Add(time.Minute).UnixMilli(), "nonce": formats.Hex(make([]byte, nonceSize)),
		"statements": []any{"one", "two"},
	})
	if l, err := check(made["user"].(string), made["password"].(string), at); err != nil || l.Role != Device || !slices.Equal(l.Statements, []string{"one", "two"}) {
		t.Errorf("%+v, %v", l, err)
	}
}

func readStatement(with formats.Fields) formats.Fields {
	s, err := ParseStatement(text(with["text"]))
	if err != nil {
		return nil
	}
	return formats.Fields{"device": s.Device, "until": s.Until.UnixMilli(), "genuine": s.CheckSignature(with["app"].(string)) == nil}
}

func statementFields(app, statement string) formats.Fields {
	return formats.Fields{"app": app, "text": formats.Hex(statement)}
}

func statementVectors() []formats.Vector {
	device, sign := signer(1)
	app, _ := signer(2)
	good := NewStatement(device, app, at, sign)
	return []formats.Vector{
		{Name: "of a device", With: statementFields(app, good)},
		{Name: "about another app", With: statementFields(device, good)},
		{Name: "another version", With: statementFields(app, "2"+good[1:])},
		{Name: "an id in upper case", With: statementFields(app, strings.Replace(good, device, strings.ToUpper(device), 1))},
		{Name: "a zero before the time", With: statementFields(app, strings.Replace(good, ".17", ".017", 1))},
		{Name: "a signature with bits to spare", With: statementFields(app, good[:len(good)-1]+"B")},
		{Name: "one field more", With: statementFields(app, good+".")},
	}
}

func TestStatementVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/statement.json", "statement", statementVectors, readStatement)
}

func TestStatementOfTheSecondImplementation(t *testing.T) {
	device, sign := signer(1)
	app, _ := signer(2)
	formats.Agree(t, "make statement", formats.Fields{
		"seed": formats.Hex(bytes.Repeat([]byte{1}, ed25519.SeedSize)), "app": app, "until": at.Add(StatementLifetime).UnixMilli(),
	}, formats.Fields{"text": NewStatement(device, app, at, sign)})
}

// FuzzStatementsAgree takes any text, and any value of each field, signed.
func FuzzStatementsAgree(f *testing.F) {
	device, sign := signer(1)
	app, _ := signer(2)
	for i, v := range statementVectors() {
		f.Add(text(v.With["text"]), uint8(i), "1790000000000")
	}
	f.Fuzz(func(t *testing.T, input string, which uint8, value string) {
		fields := []string{"1", device, "1790000000000"}
		fields[int(which)%len(fields)] = value
		signature := base64.RawURLEncoding.EncodeToString(sign(statementText(fields[1], app, fields[2])))
		for _, statement := range []string{input, strings.Join(append(fields, signature), ".")} {
			with := statementFields(app, statement)
			formats.Agree(t, "statement", with, readStatement(with))
		}
	})
}

// TestKeysOfTheSecondImplementation: both derive the same from a seed.
func TestKeysOfTheSecondImplementation(t *testing.T) {
	for number := range byte(4) {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
		told, err := MLKEMKey(key)
		if err != nil {
			t.Fatal(err)
		}
		formats.Agree(t, "keys", formats.Fields{"seed": formats.Hex(key.Seed())},
			formats.Fields{"public": formats.Hex(key.Public().(ed25519.PublicKey)), "mlkem": formats.Hex(told)})
	}
}

// FuzzLoginsAgree takes any text, any claims that are signed, and any value of each of
// them.
func FuzzLoginsAgree(f *testing.F) {
	claim := strings.Split("2 a example.org:1883 1790000000000 1790000600000 AAECAwQFBgcICQoLDA0ODw", " ")
	for i, v := range loginVectors() {
		f.Add(text(v.With["user"]), text(v.With["password"]), uint8(i), claim[i%len(claim)])
	}
	id, sign := signer(1)
	signed := func(claims string) string {
		return claims + " " + base64.RawURLEncoding.EncodeToString(sign(loginText(id, claims)))
	}
	f.Fuzz(func(t *testing.T, user, password string, which uint8, value string) {
		one := slices.Clone(claim)
		one[int(which)%len(one)] = value
		for _, with := range []formats.Fields{
			loginFields(user, password),
			loginFields(id, signed(password[:max(0, strings.LastIndex(password, " "))])),
			loginFields(id, signed(strings.Join(one, " "))),
		} {
			formats.Agree(t, "login", with, readLogin(with))
		}
	})
}
