package signal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/capi/tests/formats"
	"github.com/thingp2p/libthingp2p/engine/ident"
)

func unhex(v any) []byte {
	b, err := hex.DecodeString(v.(string))
	if err != nil {
		panic(err)
	}
	return b
}

func readMessage(with formats.Fields) formats.Fields {
	m, err := Decode(unhex(with["text"]))
	if err != nil {
		return nil
	}
	candidates := []any{}
	for _, c := range m.Candidates {
		candidates = append(candidates, formats.Fields{"type": c.Type, "address": c.Address})
	}
	return formats.Fields{
		"kind": m.Kind, "attempt": m.Attempt, "trace": m.Trace, "ufrag": m.Ufrag, "pwd": m.Pwd, "code": m.Code, "time": m.Time,
		"proof": formats.Hex(m.Proof), "mlkem": formats.Hex(m.MLKEM), "statement": m.Statement, "candidates": candidates,
		"cause": m.Cause, "nat": m.NAT,
	}
}

func messageFields(text []byte) formats.Fields { return formats.Fields{"text": formats.Hex(text)} }

func messageVectors() []formats.Vector {
	encoded := func(m *Message) formats.Fields {
		text, err := m.Encode()
		if err != nil {
			panic(err)
		}
		return messageFields(text)
	}
	full := testOffer()
	full.Trace, full.Proof = "trace", bytes.Repeat([]byte{7}, maxProofBytes)
	full.MLKEM, _ = ident.MLKEMKey(keyOf("app"))
	vectors := []formats.Vector{
		{Name: "an offer with all there is", With: encoded(full)},
		{Name: "an answer with a statement", With: encoded(&Message{
			Kind: Answer, Attempt: "b", Ufrag: full.Ufrag, Pwd: full.Pwd, Statement: strings.Repeat("s", ident.MaxStatementBytes),
		})},
		{Name: "candidates", With: encoded(&Message{Kind: Candidates, Attempt: "b", Candidates: testOffer().Candidates})},
		{Name: "a refusal", With: encoded(&Message{Kind: Refusal, Attempt: "b", Code: -104})},
		{Name: "late", With: encoded(&Message{Kind: Late, Time: noon.UnixMilli()})},
		{Name: "a view", With: encoded(&Message{Kind: View, Attempt: "b", Cause: "udp_blocked", NAT: "unknown"})},
		{Name: "silence", With: encoded(&Message{Kind: Silence, Attempt: "b", Trace: "c"})},
	}
	for name, text := range map[string]string{
		"what a newer peer says":            `{"kind":"silence","attempt":"b","new":[1e400,{"a":{}}]}`,
		"nothing where something may stand": `{"kind":"silence","attempt":"b","trace":null,"proof":null,"candidates":null,"code":null}`,
		"a name in upper case":              `{"Kind":"silence","attempt":"b"}`,
		"a name that stands twice":          `{"kind":"silence","attempt":"b","attempt":"b"}`,
		"an unknown kind":                   `{"kind":"hello","attempt":"b"}`,
		"no attempt":                        `{"kind":"silence"}`,
		"a time that is too large":          `{"kind":"late","time":1125899906842625}`,
		"a code with an exponent":           `{"kind":"refusal","attempt":"b","code":-1e2}`,
		"a proof as an array":               `{"kind":"silence","attempt":"b","proof":[1]}`,
		"a proof without padding":           `{"kind":"silence","attempt":"b","proof":"AQ"}`,
		"an address without brackets":       `{"kind":"candidates","attempt":"b","candidates":[{"type":"host","address":"::1:80"}]}`,
		"an address with a zone":            `{"kind":"candidates","attempt":"b","candidates":[{"type":"host","address":"[fe80::1%eth0]:80"}]}`,
		"not UTF-8":                         "{\"kind\":\"silence\",\"attempt\":\"b\",\"new\":\"\xff\"}",
		"a statement that is too long":      `{"kind":"silence","attempt":"b","statement":"` + strings.Repeat("s", ident.MaxStatementBytes+1) + `"}`,
		"a statement with a space":          `{"kind":"silence","attempt":"b","statement":"a b"}`,
		"a cause of two words":              `{"kind":"view","attempt":"b","cause":"a b"}`,
		"two values":                        `{"kind":"silence","attempt":"b"}{}`,
	} {
		vectors = append(vectors, formats.Vector{Name: name, With: messageFields([]byte(text))})
	}
	formats.Sort(vectors)
	return vectors
}

func TestMessageVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/message.json", "message", messageVectors, readMessage)
}

// FuzzMessagesAgree takes any text, and any value of each field.
func FuzzMessagesAgree(f *testing.F) {
	offer := []formats.Member{
		{Name: "kind", Value: `"offer"`}, {Name: "attempt", Value: `"a"`}, {Name: "trace", Value: `"t"`}, {Name: "ufrag", Value: `"abcd"`},
		{Name: "pwd", Value: `"0123456789abcdefghijkl"`}, {Name: "code", Value: "-1"}, {Name: "time", Value: "0"}, {Name: "proof", Value: `"AQ=="`},
		{Name: "mlkem", Value: "null"}, {Name: "statement", Value: `"s"`}, {Name: "cause", Value: `"c"`}, {Name: "nat", Value: `"n"`},
		{Name: "candidates", Value: "[]"},
	}
	candidate := []formats.Member{{Name: "type", Value: `"host"`}, {Name: "address", Value: `"[2001:db8::1]:1"`}}
	for i, v := range messageVectors() {
		f.Add(unhex(v.With["text"]), uint8(i), offer[i%len(offer)].Value)
		f.Add(unhex(v.With["text"]), uint8(i), candidate[i%2].Value)
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint8, value string) {
		inCandidate := append(offer[:len(offer)-1:len(offer)-1],
			formats.Member{Name: "candidates", Value: "[" + string(formats.With(candidate, which, value)) + "]"})
		for _, text := range [][]byte{text, formats.With(offer, which, value), formats.With(inCandidate, uint8(len(offer)), "0")} {
			formats.Agree(t, "message", messageFields(text), readMessage(messageFields(text)))
		}
	})
}

func readEnvelope(with formats.Fields) formats.Fields {
	receiver := ed25519.NewKeyFromSeed(unhex(with["receiver"]))
	e, err := parseEnvelope(unhex(with["bytes"]))
	if err != nil || !e.genuine(receiver.Public().(ed25519.PublicKey)) {
		return nil
	}
	keys, err := newOpening(receiver)
	if err != nil {
		panic(err)
	}
	text, err := e.open(keys)
	if err != nil {
		return nil
	}
	return formats.Fields{
		"version": e[0], "sender": formats.Hex(e.senderKey()), "time": e.made().UnixMilli(), "text": formats.Hex(text),
	}
}

func envelopeFields(e []byte) formats.Fields {
	return formats.Fields{"receiver": formats.Hex(keyOf("dev").Seed()), "bytes": formats.Hex(e)}
}

func signedAnew(e []byte) []byte {
	body := bytes.Clone(e[:max(0, len(e)-ed25519.SignatureSize)])
	return append(body, ed25519.Sign(keyOf("app"), envelope(body).signed(keyOf("dev").Public().(ed25519.PublicKey)))...)
}

// envelopes are of app to dev at noon, one of each version: files, since each that
// is made is another.
func envelopes() (one, two []byte) {
	one, err := os.ReadFile("testdata/envelope")
	if err != nil {
		panic(err)
	}
	two, err = os.ReadFile("testdata/envelope2")
	if err != nil {
		panic(err)
	}
	return one, two
}

func envelopeVectors() (vectors []formats.Vector) {
	one, two := envelopes()
	for version, e := range [][]byte{1: one, 2: two} {
		if e == nil {
			continue
		}
		change := func(at int, to byte) []byte {
			changed := bytes.Clone(e)
			changed[at] = to
			return changed
		}
		wrong := envelopeFields(e)
		wrong["receiver"] = formats.Hex(keyOf("app").Seed())
		for name, with := range map[string]formats.Fields{
			"as it is":                     envelopeFields(e),
			"for somebody else":            wrong,
			"of another time, signed anew": envelopeFields(signedAnew(change(timeAt, 1))),
			"as the other version":         envelopeFields(signedAnew(change(0, byte(3-version)))),
			"as version 0":                 envelopeFields(signedAnew(change(0, 0))),
			"another key, signed anew":     envelopeFields(signedAnew(change(keyAt, e[keyAt]^1))),
			"another text, signed anew":    envelopeFields(signedAnew(change(len(e)-70, e[len(e)-70]^1))),
			"a wrong signature":            envelopeFields(change(len(e)-1, e[len(e)-1]^1)),
			"of no time, signed anew":      envelopeFields(signedAnew(change(timeAt, 0x80))),
			"cut":                          envelopeFields(e[:len(e)-1]),
		} {
			vectors = append(vectors, formats.Vector{Name: fmt.Sprintf("version %d, %s", version, name), With: with})
		}
	}
	formats.Sort(vectors)
	return vectors
}

func TestEnvelopeVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/envelope.json", "envelope", envelopeVectors, readEnvelope)
}

// TestEnvelopeOfTheSecondImplementation: it makes one of each version, and this one
// reads them.
func TestEnvelopeOfTheSecondImplementation(t *testing.T) {
	told, err := ident.MLKEMKey(keyOf("dev"))
	if err != nil {
		t.Fatal(err)
	}
	want := offer("app", "attempt")
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for version, key := range map[byte][]byte{classical: nil, hybrid: told} {
		made, ok := formats.Ask(t, "make envelope", formats.Fields{
			"seed": formats.Hex(keyOf("app").Seed()), "to": formats.Hex(keyOf("dev").Public().(ed25519.PublicKey)),
			"mlkem": formats.Hex(key), "time": noon.UnixMilli(), "text": formats.Hex(text),
		})
		if !ok {
			t.Fatalf("version %d: refused", version)
		}
		e := unhex(made["bytes"])
		if m, err := testGate(t, "dev", "app").admit(e, noon); err != nil || e[0] != version || !reflect.DeepEqual(m, want) {
			t.Errorf("version %d: %+v, %v", version, m, err)
		}
	}
}

// FuzzEnvelopesAgree takes any bytes, as they are and with a good signature, and any
// text, in an envelope of each version.
func FuzzEnvelopesAgree(f *testing.F) {
	one, two := envelopes()
	for _, e := range [][]byte{one, two, nil, []byte(strings.Repeat("\x02", minEnvelope))} {
		f.Add(e)
	}
	told, err := ident.MLKEMKey(keyOf("dev"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		all := [][]byte{input, signedAnew(input)}
		for _, kem := range [][]byte{nil, told} {
			e, err := seal(input, keyOf("app"), receiver{id("dev"), kem}, noon)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		for _, e := range all {
			formats.Agree(t, "envelope", envelopeFields(e), readEnvelope(envelopeFields(e)))
		}
	})
}
