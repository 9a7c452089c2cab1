package discovery

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/hex"
	"testing"
	"time"

	"github.com/thingp2p/libthingp2p/capi/tests/formats"
	"github.com/thingp2p/libthingp2p/engine/ident"
)

func deviceKey(seed []byte) (id string, public ed25519.PublicKey, opening hpke.PrivateKey) {
	key := ed25519.NewKeyFromSeed(seed)
	public = key.Public().(ed25519.PublicKey)
	opening, err := ident.OpeningKey(key)
	if err != nil {
		panic(err)
	}
	return ident.Format(public), public, opening
}

func unhex(v any) []byte {
	b, err := hex.DecodeString(v.(string))
	if err != nil {
		panic(err)
	}
	return b
}

var theSeed = bytes.Repeat([]byte{1}, ed25519.SeedSize)

func readQuestion(with formats.Fields) formats.Fields {
	packet := unhex(with["packet"])
	_, _, key := deviceKey(unhex(with["receiver"]))
	if !IsQuery(packet) {
		return nil
	}
	q, made, ok := openQuery(key, packet)
	if !ok {
		return nil
	}
	return formats.Fields{"time": made, "mark": formats.Hex(packet[markAt:sealedAt]), "answer": formats.Hex(q.answer), "shared": formats.Hex(q.shared)}
}

func question(now time.Time) []byte {
	id, _, _ := deviceKey(theSeed)
	key, err := ident.SealingKey(id)
	if err != nil {
		panic(err)
	}
	q, err := newQuery(key, Mark{}, now)
	if err != nil {
		panic(err)
	}
	return q.packet
}

func questionFields(packet []byte) formats.Fields {
	return formats.Fields{"receiver": formats.Hex(theSeed), "packet": formats.Hex(packet)}
}

func questionVectors() []formats.Vector {
	good := question(today)
	damaged := bytes.Clone(good)
	damaged[50] ^= 1
	other := questionFields(good)
	other["receiver"] = formats.Hex(bytes.Repeat([]byte{2}, ed25519.SeedSize))
	return []formats.Vector{
		{Name: "a question, or a knock", With: questionFields(good)},
		{Name: "of a clock that was never set", With: questionFields(question(time.UnixMilli(0)))},
		{Name: "for another device", With: other},
		{Name: "damaged", With: questionFields(damaged)},
		{Name: "a key of small order", With: questionFields(append([]byte{kindQuery}, make([]byte, querySize-1)...))},
		{Name: "too long", With: questionFields(append(bytes.Clone(good), 0))},
		{Name: "an answer", With: questionFields(append([]byte{kindAnswer}, good[1:]...))},
	}
}

func TestQuestionVectors(t *testing.T) {
	formats.CheckVectors(t, "testdata/question.json", "question", questionVectors, readQuestion)
}

func TestQuestionOfTheSecondImplementation(t *testing.T) {
	_, public, key := deviceKey(theSeed)
	asker := bytes.Repeat([]byte{3}, ed25519.SeedSize)
	made, _ := formats.Ask(t, "make question", formats.Fields{"seed": formats.Hex(asker), "to": formats.Hex(public), "time": today.UnixMilli()})
	packet := unhex(made["packet"])
	if got := NewResponder(key, Surroundings{Started: today}).Answer(packet, phone, today); formats.Hex(got) != made["answer"] {
		t.Errorf("answered with %x, want %v", got, made["answer"])
	}
	if got := NewResponder(key, Surroundings{Started: today}).Knocked(packet, phone, today); formats.Hex(got) != made["shared"] {
		t.Errorf("a knock shares %x, want %v", got, made["shared"])
	}
	askerID, _, _ := deviceKey(asker)
	secret, err := ident.Pairwise(ed25519.NewKeyFromSeed(theSeed), askerID, "thingp2p/1 mark of a question\n")
	if err != nil {
		t.Fatal(err)
	}
	if mark, err := NewMark(secret); err != nil || !mark.isOn(packet) {
		t.Errorf("the device does not know its mark: %v", err)
	}
}

// FuzzQuestionsAgree takes any packet, and a question of any time. It starts from a
// file: the fuzzer's processes must all have the same.
func FuzzQuestionsAgree(f *testing.F) {
	for _, v := range formats.Vectors(f, "testdata/question.json") {
		f.Add(unhex(v.With["packet"]), int64(0))
	}
	f.Fuzz(func(t *testing.T, packet []byte, at int64) {
		for _, p := range [][]byte{packet, question(time.UnixMilli(at))} {
			with := questionFields(p)
			formats.Agree(t, "question", with, readQuestion(with))
		}
	})
}
