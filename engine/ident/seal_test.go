package ident

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"testing"
)

func TestWhatIsSealedToAnIDIsForItsHolder(t *testing.T) {
	kdf, aead := hpke.HKDFSHA256(), hpke.ChaCha20Poly1305()
	for number := range byte(32) {
		key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
		public, err := SealingKey(testID(number))
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := hpke.Seal(public, kdf, aead, nil, []byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		private, err := OpeningKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := hpke.Open(private, kdf, aead, nil, sealed); err != nil || string(text) != "text" {
			t.Errorf("the holder reads %q, %v", text, err)
		}
		other, _ := OpeningKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number + 1}, ed25519.SeedSize)))
		if text, err := hpke.Open(other, kdf, aead, nil, sealed); err == nil {
			t.Errorf("somebody else reads %q", text)
		}
	}
}

func TestNoKeyForWhatIsNoPoint(t *testing.T) {
	refused := 0
	for number := range byte(64) {
		id := Format(bytes.Repeat([]byte{number}, ed25519.PublicKeySize))
		if _, err := SealingKey(id); err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("every text is taken for a point on the curve")
	}
}
