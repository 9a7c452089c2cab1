package engine

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/ident"
	"github.com/thingp2p/libthingp2p/engine/internal/gate"
	"github.com/thingp2p/libthingp2p/engine/internal/keys"
	"github.com/thingp2p/libthingp2p/engine/internal/names"

	"github.com/thingp2p/libthingp2p/capi/tests/formats"
)

func unhex(v any) []byte {
	b, err := hex.DecodeString(v.(string))
	if err != nil {
		panic(err)
	}
	return b
}

// ---- tickets

func readTicket(with formats.Fields) formats.Fields {
	t, err := names.ParseTicket(string(unhex(with["text"])))
	if err != nil {
		return nil
	}
	key, err := ident.Parse(t.DeviceID)
	if err != nil {
		panic(err)
	}
	hints := []any{}
	for _, h := range t.Hints {
		hints = append(hints, h)
	}
	return formats.Fields{"device": formats.Hex(key), "secret": formats.Hex(t.Secret[:]), "server": formats.Hex(t.Server), "hints": hints}
}

func ticketFields(text string) formats.Fields { return formats.Fields{"text": formats.Hex(text)} }

// ticketOf is one with the right checksum.
func ticketOf(body string) string {
	return names.TicketPrefix + base64.RawURLEncoding.EncodeToString(append([]byte(body), names.Checksum([]byte(body))...))
}

func ticketVectors() []formats.Vector {
	good := pasted("mqtts://example.org:8883", "192.168.1.2:4711", "[2001:db8::1]:1").String()
	body, _ := base64.RawURLEncoding.DecodeString(good[len(names.TicketPrefix):])
	head := string(body[:ed25519.PublicKeySize+names.SecretSize])
	return []formats.Vector{
		{Name: "with a server and hints", With: ticketFields(good)},
		{Name: "with neither", With: ticketFields(pasted("").String())},
		{Name: "with the prefix in upper case", With: ticketFields("T2P1." + good[len(names.TicketPrefix):])},
		{Name: "with a wrong checksum", With: ticketFields(good[:len(good)-3] + "AAA")},
		{Name: "with padding", With: ticketFields(good + "=")},
		{Name: "of another version", With: ticketFields("t2p2." + good[len(names.TicketPrefix):])},
		{Name: "with more behind the hints", With: ticketFields(ticketOf(head + "\x00\x00\x00"))},
		{Name: "with a zone in a hint", With: ticketFields(ticketOf(head + "\x00\x0d[fe80::1%1]:1"))},
		{Name: "with a tab between hints", With: ticketFields(ticketOf(head + "\x00\x13192.0.2.1:1\t[::1]:1"))},
		{Name: "with an hint of IPv4 inside IPv6", With: ticketFields(ticketOf(head + "\x00\x14[::ffff:192.0.2.1]:1"))},
	}
}

func TestTicketVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/ticket.json", "ticket", ticketVectors, readTicket)
}

func TestTicketOfTheSecondImplementation(t *testing.T) {
	want := pasted("mqtt://[::1]:1", "192.168.1.2:4711", "[fe80::1]:1")
	key, err := ident.Parse(want.DeviceID)
	if err != nil {
		t.Fatal(err)
	}
	formats.Agree(t, "make ticket", formats.Fields{
		"device": formats.Hex(key), "secret": formats.Hex(want.Secret[:]), "server": formats.Hex(want.Server), "hints": []any{want.Hints[0], want.Hints[1]},
	}, formats.Fields{"text": want.String()})
}

// FuzzTicketsAgree takes any text, any content that has the right checksum, and any
// hints. What a server's address is, and what people may put around a ticket, are rules
// of their own.
func FuzzTicketsAgree(f *testing.F) {
	for _, v := range ticketVectors() {
		text := string(unhex(v.With["text"]))
		f.Add(text, "192.0.2.1:1 [2001:db8::1]:1")
		body, _ := base64.RawURLEncoding.DecodeString(text[len(names.TicketPrefix):])
		f.Add(string(body[:max(0, len(body)-names.ChecksumSize)]), "[fe80::1%eth0]:1")
	}
	head := strings.Repeat("k", ed25519.PublicKeySize+names.SecretSize) + "\x00"
	f.Fuzz(func(t *testing.T, input, hints string) {
		for _, text := range []string{names.Unwrapped(input), ticketOf(input), ticketOf(head + string([]byte{byte(len(hints))}) + hints)} {
			with := ticketFields(text)
			first := readTicket(with)
			if first == nil {
				if second, ok := formats.Ask(t, "ticket", with); !ok || CheckServer(string(unhex(second["server"]))) != nil {
					continue
				}
			}
			formats.Agree(t, "ticket", with, first)
		}
	})
}

// ---- proofs

func TestProofsOfTheSecondImplementation(t *testing.T) {
	secret := [names.SecretSize]byte{1, 2, 3}
	app, device := testIdentity(1), testIdentity(2)
	public := func(i keys.Identity) string { return formats.Hex(i.Key.Public().(ed25519.PublicKey)) }
	formats.Agree(t, "prove offer", formats.Fields{
		"secret": formats.Hex(secret[:]), "app": public(app), "device": public(device), "attempt": "attempt",
	}, formats.Fields{"proof": formats.Hex(names.ProveOffer(secret, app.ID, device.ID, "attempt"))})
	formats.Agree(t, "prove secret", formats.Fields{"secret": formats.Hex(secret[:]), "binding": formats.Hex("binding")},
		formats.Fields{"proof": formats.Hex(names.ProveSecret(secret, []byte("binding")))})
}

// ---- passes

func readPass(with formats.Fields) formats.Fields {
	label, nonce, tag, ok := gate.ParsePass(string(unhex(with["name"])))
	if !ok {
		return nil
	}
	return formats.Fields{"label": formats.Hex(label[:]), "nonce": formats.Hex(nonce[:]), "tag": formats.Hex(tag)}
}

func passFields(name string) formats.Fields { return formats.Fields{"name": formats.Hex(name)} }

func passVectors() []formats.Vector {
	s := gate.ICESecret("0123456789abcdefghijkl", "lkjihgfedcba9876543210")
	nonce := gate.PassNonce{1, 2, 3, 4, 5, 6, 7, 8}
	good := gate.PassEncoding.EncodeToString(bytes.Join([][]byte{s.Label[:], nonce[:], s.Tag(nonce)}, nil))
	return []formats.Vector{
		{Name: "of two ICE passwords", With: passFields(good)},
		{Name: "in upper case", With: passFields(strings.ToUpper(good))},
		{Name: "with bits to spare", With: passFields(good[:len(good)-1] + "b")},
		{Name: "too short", With: passFields(good[:len(good)-1])},
		{Name: "with a digit that base32 has not", With: passFields("0" + good[1:])},
	}
}

func TestPassVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/pass.json", "pass", passVectors, readPass)
}

func TestPassOfTheSecondImplementation(t *testing.T) {
	shared := []byte("0123456789abcdefghijkl\nlkjihgfedcba9876543210")
	for _, nonce := range []gate.PassNonce{{}, {1, 2, 3, 4, 5, 6, 7, 8}} {
		made, _ := formats.Ask(t, "make pass", formats.Fields{"shared": formats.Hex(shared), "nonce": formats.Hex(nonce[:])})
		v := gate.NewVisitors(nil)
		v.Honour(gate.ICESecret("0123456789abcdefghijkl", "lkjihgfedcba9876543210"))
		if name := made["name"].(string); !v.Admits(name) || v.Admits(name) {
			t.Errorf("%s is not good once", name)
		}
	}
}

func FuzzPassesAgree(f *testing.F) {
	for _, v := range passVectors() {
		f.Add(string(unhex(v.With["name"])))
	}
	f.Fuzz(func(t *testing.T, name string) {
		formats.Agree(t, "pass", passFields(name), readPass(passFields(name)))
	})
}

// ---- the control stream

func bytesFields(b []byte) formats.Fields { return formats.Fields{"bytes": formats.Hex(b)} }

func readHelloFields(with formats.Fields) formats.Fields {
	r := bytes.NewReader(unhex(with["bytes"]))
	h, err := readHello(r)
	if err != nil {
		return nil
	}
	return formats.Fields{"uid": h.UID, "trace": h.Trace, "proof": formats.Hex(h.Proof), "mlkem": h.MLKEM, "left": r.Len()}
}

// readVerdictFields has the code as it is written: what a reader makes of an unknown
// one is its own.
func readVerdictFields(with formats.Fields) formats.Fields {
	r := bytes.NewReader(unhex(with["bytes"]))
	var v verdict
	if readControl(r, &v, maxVerdict) != nil {
		return nil
	}
	return formats.Fields{"code": v.Code, "mlkem": formats.Hex(v.MLKEM), "statement": v.Statement, "left": r.Len()}
}

// behindLength is a text on the control stream.
func behindLength(text string) []byte {
	return append([]byte{byte(len(text) >> 8), byte(len(text))}, text...)
}

func helloVectors() []formats.Vector {
	written := func(h hello) []byte {
		var b bytes.Buffer
		if err := writeHello(&b, h); err != nil {
			panic(err)
		}
		return b.Bytes()
	}
	return []formats.Vector{
		{Name: "with a proof", With: bytesFields(written(hello{UID: "user", Trace: "trace", Proof: bytes.Repeat([]byte{7}, 32), MLKEM: true}))},
		{Name: "without", With: bytesFields(written(hello{UID: "é\u200d", Trace: "trace"}))},
		{Name: "with a signal behind it", With: bytesFields(append(written(hello{UID: "user", Trace: "t"}), signalPing))},
		{Name: "that ends early", With: bytesFields(written(hello{UID: "user"})[:10])},
		{Name: "that is too long", With: bytesFields(behindLength(`{"uid":"` + strings.Repeat("u", maxHello) + `"}`))},
		{Name: "with a line end in the uid", With: bytesFields(behindLength(`{"uid":"a\n"}`))},
		{Name: "with a turn of direction in the uid", With: bytesFields(behindLength(`{"uid":"\u202e"}`))},
		{Name: "with half a character in the uid", With: bytesFields(behindLength(`{"uid":"\ud800a"}`))},
		{Name: "with a space in the trace", With: bytesFields(behindLength(`{"trace":" "}`))},
		{Name: "with a name twice", With: bytesFields(behindLength(`{"uid":"a","uid":"b"}`))},
	}
}

func verdictVectors() []formats.Vector {
	written := func(v verdict) []byte {
		var b bytes.Buffer
		if err := writeVerdict(&b, v); err != nil {
			panic(err)
		}
		return b.Bytes()
	}
	return []formats.Vector{
		{Name: "yes", With: bytesFields(written(verdict{}))},
		{Name: "yes, with a key", With: bytesFields(written(verdict{MLKEM: testIdentity(1).MLKEMKey}))},
		{Name: "yes, with a statement", With: bytesFields(written(verdict{Statement: "1.device.0.signature"}))},
		{Name: "no", With: bytesFields(written(verdict{Code: ErrAuth}))},
		{Name: "a statement that is no text", With: bytesFields(behindLength(`{"code":0,"statement":1}`))},
		{Name: "a code that is no integer", With: bytesFields(behindLength(`{"code":1.0}`))},
		{Name: "a code that is too large", With: bytesFields(behindLength(`{"code":2147483648}`))},
	}
}

func TestHelloVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/hello.json", "hello", helloVectors, readHelloFields)
}

func TestVerdictVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/verdict.json", "verdict", verdictVectors, readVerdictFields)
}

func TestControlOfTheSecondImplementation(t *testing.T) {
	made, _ := formats.Ask(t, "make control", formats.Fields{"fields": formats.Fields{"uid": "usér", "trace": "t", "mlkem": true}})
	if h, err := readHello(bytes.NewReader(unhex(made["bytes"]))); err != nil || h.UID != "usér" || h.Trace != "t" || !h.MLKEM {
		t.Errorf("%+v, %v", h, err)
	}
	made, _ = formats.Ask(t, "make control", formats.Fields{"fields": formats.Fields{"code": ErrAuth}})
	if v, err := readVerdict(bytes.NewReader(unhex(made["bytes"]))); err != nil || v.Code != ErrAuth {
		t.Errorf("%+v, %v", v, err)
	}
}

// FuzzControlAgrees takes any bytes, any text behind its length, and any value of each
// field.
func FuzzControlAgrees(f *testing.F) {
	members := []formats.Member{
		{Name: "uid", Value: `"user"`}, {Name: "trace", Value: `"t"`}, {Name: "proof", Value: `"AQ=="`}, {Name: "code", Value: "-1"},
		{Name: "mlkem", Value: "null"}, {Name: "statement", Value: `"s"`},
	}
	for i, v := range append(helloVectors(), verdictVectors()...) {
		f.Add(unhex(v.With["bytes"]), uint8(i), members[i%len(members)].Value)
		f.Add(unhex(v.With["bytes"])[2:], uint8(i), "true")
	}
	f.Fuzz(func(t *testing.T, input []byte, which uint8, value string) {
		for _, b := range [][]byte{input, behindLength(string(input)), behindLength(string(formats.With(members, which, value)))} {
			formats.Agree(t, "hello", bytesFields(b), readHelloFields(bytesFields(b)))
			formats.Agree(t, "verdict", bytesFields(b), readVerdictFields(bytesFields(b)))
		}
	})
}
