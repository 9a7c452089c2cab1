package ident

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
)

// testID is the same for the same number.
func testID(number byte) string {
	id, _ := signer(number)
	return id
}

func TestIDNamesItsKey(t *testing.T) {
	for number := range byte(32) {
		want := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize)).Public()
		id := testID(number)
		if key, err := Parse(id); err != nil || !key.Equal(want) || len(id) != Length || !Valid(id) {
			t.Errorf("%s names %x: %v", id, key, err)
		}
	}
}

func TestIDMayBeUpperCase(t *testing.T) {
	id := testID(1)
	key, err := Parse(strings.ToUpper(id))
	if err != nil || Format(key) != id {
		t.Errorf("%x, %v", key, err)
	}
	if Valid(strings.ToUpper(id)) {
		t.Error("a topic has one spelling")
	}
}

func TestIDHasOneSpelling(t *testing.T) {
	id := testID(1)
	// 52 characters hold 260 bits, a key 256: of 16 last characters that give
	// the same key, one is right.
	right := 0
	for _, last := range "abcdefghijklmnopqrstuvwxyz234567" {
		if key, err := Parse(id[:Length-1] + string(last)); err == nil {
			right++
			if Format(key)[:Length-1] != id[:Length-1] {
				t.Errorf("last character %c gives another key", last)
			}
		}
	}
	if right != 2 {
		t.Errorf("%d last characters are valid, want 2: there is one more bit in it", right)
	}
}

func TestWhatIsNoID(t *testing.T) {
	id := testID(1)
	for name, text := range map[string]string{
		"empty":           "",
		"short":           id[:Length-1],
		"long":            id + "a",
		"padded":          id[:Length-4] + "====",
		"digit 1":         "1" + id[1:],
		"digit 8":         "8" + id[1:],
		"space":           " " + id[1:],
		"line end":        id[:Length-1] + "\n",
		"line end inside": id[:20] + "\r\n" + id[22:],
		"NUL":             id[:Length-1] + "\x00",
		"not ASCII":       "\u212a" + id[3:], // KELVIN SIGN, whose lower case is k
	} {
		if key, err := Parse(text); err == nil {
			t.Errorf("%s: %q names %x", name, text, key)
		}
	}
}

func FuzzID(f *testing.F) {
	f.Add(testID(1))
	f.Add(strings.ToUpper(testID(2)))
	f.Add("")
	f.Add(strings.Repeat("\u212a", 17) + "a")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := Parse(text)
		if err != nil {
			return
		}
		if len(key) != ed25519.PublicKeySize || Format(key) != strings.ToLower(text) {
			t.Errorf("%q names %x, which is %q", text, key, Format(key))
		}
	})
}
