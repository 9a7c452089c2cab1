package ident

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/mlkem"
	"testing"
)

// TestHybridNeedsBothKeys: neither who has broken X25519 nor who has broken ML-KEM
// opens what is sealed to both.
func TestHybridNeedsBothKeys(t *testing.T) {
	kdf, aead := hpke.HKDFSHA256(), hpke.ChaCha20Poly1305()
	keyOf := func(n byte) ed25519.PrivateKey {
		return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
	}
	told, err := MLKEMKey(keyOf(1))
	if err != nil {
		t.Fatal(err)
	}
	public, err := HybridSealingKey(testID(1), told)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hpke.Seal(public, kdf, aead, nil, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	opens := func(quantum, classical ed25519.PrivateKey) bool {
		q, err := decapsulationKey(quantum)
		if err != nil {
			t.Fatal(err)
		}
		c, err := agreementKey(classical)
		if err != nil {
			t.Fatal(err)
		}
		private, err := hpke.NewHybridPrivateKey(q, c)
		if err != nil {
			t.Fatal(err)
		}
		text, err := hpke.Open(private, kdf, aead, nil, sealed)
		return err == nil && string(text) == "text"
	}
	for _, c := range []struct{ quantum, classical byte }{{1, 1}, {1, 2}, {2, 1}, {2, 2}} {
		want := c.quantum == 1 && c.classical == 1
		if opens(keyOf(c.quantum), keyOf(c.classical)) != want {
			t.Errorf("with the ML-KEM key of %d and the X25519 key of %d: not %v", c.quantum, c.classical, want)
		}
	}
	private, err := HybridOpeningKey(keyOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := hpke.Open(private, kdf, aead, nil, sealed); err != nil || string(text) != "text" {
		t.Errorf("the holder reads %q, %v", text, err)
	}
}

func TestWhatIsNoMLKEMKey(t *testing.T) {
	good, err := MLKEMKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil || len(good) != MLKEMKeyBytes || CheckMLKEMKey(good) != nil {
		t.Fatalf("%d bytes, %v, %v", len(good), err, CheckMLKEMKey(good))
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "short": good[1:], "long": append(bytes.Clone(good), 0),
		"coefficients over q": bytes.Repeat([]byte{0xff}, mlkem.EncapsulationKeySize768),
	} {
		if CheckMLKEMKey(bad) == nil {
			t.Errorf("%s is one", name)
		}
		if _, err := HybridSealingKey(testID(1), bad); err == nil {
			t.Errorf("%s is sealed to", name)
		}
	}
}
