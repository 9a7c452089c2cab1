package gate

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Secret is what passes are made with. A pass lets a handshake in at a device. A
// device shows its certificate, which is its id, to nobody who did not know the id
// before: an app sends a pass as the TLS server name, and the device looks at it
// before anything else. It proves that the app knows a secret of the two,
//
//	a knock      exported from its HPKE context
//	ICE          made of the passwords in offer and answer
//
// and is good once: who reads it on its way cannot use it again. It is base32 of
//
//	label   8 bytes   of the secret, finds it
//	nonce   8 bytes   of this handshake
//	tag    16 bytes   HMAC of the nonce under the secret
type Secret struct {
	Label passLabel
	key   []byte
	used  map[PassNonce]bool
}

const (
	passLabelSize = 8
	passNonceSize = 8
	passTagSize   = 16
	passSize      = passLabelSize + passNonceSize + passTagSize

	// maxPassUses bounds the handshakes of one search for paths, each of which may
	// be dialled more than once.
	maxPassUses = 64
)

type (
	passLabel [passLabelSize]byte
	PassNonce [passNonceSize]byte
)

// PassEncoding is lower case, since names are, and has no padding.
var PassEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewSecret derives what both sides need from what both know.
func NewSecret(shared []byte) *Secret {
	material, err := hkdf.Key(sha256.New, shared, nil, "thingp2p/1 pass", passLabelSize+sha256.Size)
	if err != nil {
		panic(err) // only for lengths that are too large
	}
	return &Secret{Label: passLabel(material[:passLabelSize]), key: material[passLabelSize:]}
}

// ICESecret is that of an app and a device that have exchanged offer and
// answer.
func ICESecret(appPwd, devicePwd string) *Secret {
	return NewSecret([]byte(appPwd + "\n" + devicePwd)) // neither has a line's end
}

// ServerName is a pass for one handshake.
func (s *Secret) ServerName() string {
	var nonce PassNonce
	rand.Read(nonce[:])
	pass := append(append(s.Label[:], nonce[:]...), s.Tag(nonce)...)
	return PassEncoding.EncodeToString(pass)
}

func (s *Secret) Tag(nonce PassNonce) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(nonce[:])
	return mac.Sum(nil)[:passTagSize]
}

// use reports whether a pass is one of this secret's, for the first time.
func (s *Secret) use(nonce PassNonce, tag []byte) bool {
	if s.used[nonce] || len(s.used) >= maxPassUses || !hmac.Equal(tag, s.Tag(nonce)) {
		return false
	}
	if s.used == nil {
		s.used = make(map[PassNonce]bool)
	}
	s.used[nonce] = true
	return true
}

// ParsePass takes a server name apart.
func ParsePass(serverName string) (label passLabel, nonce PassNonce, tag []byte, ok bool) {
	if len(serverName) != PassEncoding.EncodedLen(passSize) {
		return label, nonce, nil, false
	}
	name := strings.ToLower(serverName)
	pass, err := PassEncoding.DecodeString(name)
	if err != nil || len(pass) != passSize || PassEncoding.EncodeToString(pass) != name { // each has one spelling
		return label, nonce, nil, false
	}
	return passLabel(pass), PassNonce(pass[passLabelSize:]), pass[passLabelSize+passNonceSize:], true
}
