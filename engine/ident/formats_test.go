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
	return formats.Fields{
		"role": string(l.Role), "server": formats.Hex(l.Server), "issued": l.Issued.Unix(), "expires": l.Expires.Unix(),
		"nonce": formats.Hex(l.Nonce[:]), "genuine": l.CheckSignature() == nil,
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
	good := login("1 a example.org:1883 1790000000 1790000600 AAECAwQFBgcICQoLDA0ODw")
	other, _ := signer(2)
	return []formats.Vector{
		{Name: "of an app", With: loginFields(id, good)},
		{Name: "of a device at an IPv6 address", With: loginFields(id, login("1 d [2001:db8::1]:8883 0 1 AAECAwQFBgcICQoLDA0ODw"))},
		{Name: "signed for another id", With: loginFields(other, good)},
		{Name: "another version", With: loginFields(id, login("9 a example.org:1883 1790000000 1790000600 AAECAwQFBgcICQoLDA0ODw"))},
		{Name: "an id in upper case", With: loginFields(strings.ToUpper(id), good)},
		{Name: "two spaces", With: loginFields(id, strings.Replace(good, " ", "  ", 1))},
		{Name: "a nonce with bits to spare", With: loginFields(id, login("1 a example.org:1883 1790000000 1790000600 AAECAwQFBgcICQoLDA0ODx"))},
		{Name: "no port", With: loginFields(id, login("1 a example.org 1790000000 1790000600 AAECAwQFBgcICQoLDA0ODw"))},
	}
}

func TestLoginVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/login.json", "login", loginVectors, readLogin)
}

func TestLoginOfTheSecondImplementation(t *testing.T) {
	made, _ := formats.Ask(t, "make login", formats.Fields{
		"seed": formats.Hex(bytes.Repeat([]byte{1}, ed25519.SeedSize)), "role": "d", "server": server,
		"issued": at.Unix(), "expires": at.Add(time.Minute).Unix(), "nonce": formats.Hex(make([]byte, nonceSize)),
	})
	if l, err := check(made["user"].(string), made["password"].(string), at); err != nil || l.Role != Device {
		t.Errorf("%+v, %v", l, err)
	}
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
	claim := strings.Split("1 a example.org:1883 1790000000 1790000600 AAECAwQFBgcICQoLDA0ODw", " ")
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
