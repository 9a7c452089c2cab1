package engine

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
)

// testIdentity is the same for the same number.
func testIdentity(number byte) identity {
	return newIdentity(bytes.Repeat([]byte{number}, ed25519.SeedSize))
}

func TestIDNamesItsKey(t *testing.T) {
	for number := range byte(32) {
		i := testIdentity(number)
		key, err := parseID(i.id)
		if err != nil || !key.Equal(i.key.Public()) {
			t.Errorf("%s names %x: %v", i.id, key, err)
		}
		if len(i.id) != idLength || len(i.id) > maxNameLength {
			t.Errorf("%s has %d characters", i.id, len(i.id))
		}
	}
}

func TestIDMayBeUpperCase(t *testing.T) {
	i := testIdentity(1)
	key, err := parseID(strings.ToUpper(i.id))
	if err != nil || formatID(key) != i.id {
		t.Errorf("%x, %v", key, err)
	}
}

func TestIDHasOneSpelling(t *testing.T) {
	id := testIdentity(1).id
	// 52 characters hold 260 bits, a key 256: of 16 last characters that give
	// the same key, one is right.
	right := 0
	for _, last := range "abcdefghijklmnopqrstuvwxyz234567" {
		if key, err := parseID(id[:idLength-1] + string(last)); err == nil {
			right++
			if formatID(key)[:idLength-1] != id[:idLength-1] {
				t.Errorf("last character %c gives another key", last)
			}
		}
	}
	if right != 2 {
		t.Errorf("%d last characters are valid, want 2: there is one more bit in it", right)
	}
}

func TestWhatIsNoID(t *testing.T) {
	id := testIdentity(1).id
	for name, text := range map[string]string{
		"empty":           "",
		"short":           id[:idLength-1],
		"long":            id + "a",
		"padded":          id[:idLength-4] + "====",
		"digit 1":         "1" + id[1:],
		"digit 8":         "8" + id[1:],
		"space":           " " + id[1:],
		"line end":        id[:idLength-1] + "\n",
		"line end inside": id[:20] + "\r\n" + id[22:],
		"NUL":             id[:idLength-1] + "\x00",
		"not ASCII":       "\u212a" + id[3:], // KELVIN SIGN, whose lower case is k
	} {
		if key, err := parseID(text); err == nil {
			t.Errorf("%s: %q names %x", name, text, key)
		}
	}
}

func FuzzID(f *testing.F) {
	f.Add(testIdentity(1).id)
	f.Add(strings.ToUpper(testIdentity(2).id))
	f.Add("")
	f.Add(strings.Repeat("\u212a", 17) + "a")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseID(text)
		if err != nil {
			return
		}
		if len(key) != ed25519.PublicKeySize || formatID(key) != strings.ToLower(text) {
			t.Errorf("%q names %x, which is %q", text, key, formatID(key))
		}
	})
}
