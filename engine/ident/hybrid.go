package ident

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/sha256"
)

// Who has recorded what is sealed to an X25519 key can open it one day with a quantum
// computer. So each endpoint has an ML-KEM-768 key (FIPS 203) too, and who knows that
// seals to both with X-Wing (draft-ietf-hpke-pq: MLKEM768-X25519): it stays closed as
// long as either holds.
//
// An id cannot say the ML-KEM key, which has 1184 bytes: an endpoint tells it to whom
// it deals with. There is nothing to keep: it is derived from the seed of the Ed25519
// key, which who breaks that key does not get, since the scalar is a hash of the seed.

// MLKEMKeyBytes is the size of an ML-KEM-768 key.
const MLKEMKeyBytes = mlkem.EncapsulationKeySize768

// sealingDomain keeps the seed's use here apart from its others.
const sealingDomain = "thingp2p/1 ML-KEM-768 key"

// decapsulationKey is the holder's half of its ML-KEM key.
func decapsulationKey(key ed25519.PrivateKey) (*mlkem.DecapsulationKey768, error) {
	seed, err := hkdf.Key(sha256.New, key.Seed(), nil, sealingDomain, mlkem.SeedSize)
	if err != nil {
		return nil, err
	}
	return mlkem.NewDecapsulationKey768(seed)
}

// MLKEMKey is what the holder of key tells those who shall seal messages to both of
// its keys.
func MLKEMKey(key ed25519.PrivateKey) ([]byte, error) {
	private, err := decapsulationKey(key)
	if err != nil {
		return nil, err
	}
	return private.EncapsulationKey().Bytes(), nil
}

// CheckMLKEMKey returns an error unless key has the form of an ML-KEM-768 key.
func CheckMLKEMKey(key []byte) error {
	_, err := mlkem.NewEncapsulationKey768(key)
	return err
}

// HybridSealingKey is what to seal messages to the holder of an id with, who has told
// its ML-KEM key.
func HybridSealingKey(id string, mlkemKey []byte) (hpke.PublicKey, error) {
	key, err := Parse(id)
	if err != nil {
		return nil, err
	}
	classical, err := publicAgreementKey(key)
	if err != nil {
		return nil, err
	}
	quantum, err := mlkem.NewEncapsulationKey768(mlkemKey)
	if err != nil {
		return nil, err
	}
	return hpke.NewHybridPublicKey(quantum, classical)
}

// HybridOpeningKey opens what is sealed to both keys of the holder of key.
func HybridOpeningKey(key ed25519.PrivateKey) (hpke.PrivateKey, error) {
	classical, err := agreementKey(key)
	if err != nil {
		return nil, err
	}
	quantum, err := decapsulationKey(key)
	if err != nil {
		return nil, err
	}
	return hpke.NewHybridPrivateKey(quantum, classical)
}
