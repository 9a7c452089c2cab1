package ident

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Login is a client's statement that it, the holder of an id's key, connects
// to one server at one time. Over MQTT the user name is the id, and the password
//
//	2 a example.org:1883 1790000000000 1790000600000 nonce [statement ...] signature
//
// with single spaces: version, role (a: app, d: device), the server as the
// client dials it, when it was issued and when it expires (Unix milliseconds),
// 16 random bytes, what devices state about an app (see Statement; none, or up
// to four), and the Ed25519 signature; bytes are in base64url. What is signed is
//
//	thingp2p login to a rendezvous server
//	<id>
//	<the password up to the space before the signature>
//
// so that it is good for nothing else, nowhere else, and not for long. A server
// accepts each one once: who overhears it on a connection without TLS is late.
type Login struct {
	ID      string
	Role    byte
	Server  string // "host:port"
	Issued  time.Time
	Expires time.Time
	Nonce   [nonceSize]byte

	// Statements are texts that ParseStatement may understand, or not.
	Statements []string

	key       ed25519.PublicKey
	claims    string
	signature []byte
}

// The roles of a Login.
const (
	App    byte = 'a'
	Device byte = 'd'
)

const (
	// LoginLifetime is the longest that a Login may last. A client's clock may
	// be wrong by as much.
	LoginLifetime = 10 * time.Minute

	// MaxStatements is how many a Login may carry.
	MaxStatements = 4

	loginVersion     = "2"
	loginDomain      = "thingp2p login to a rendezvous server"
	fieldsOfLogin    = 7 // without statements
	nonceSize        = 16
	maxPasswordBytes = 512 + MaxStatements*(1+MaxStatementBytes)
)

// The reasons for which a Login is refused.
var (
	ErrLoginForm      = errors.New("user name and password are not a login of an app or a device")
	ErrLoginTime      = errors.New("the login has expired or is from the future: one of the two clocks is wrong")
	ErrLoginSignature = errors.New("the login is not signed with the key that the id names")
)

// NewPassword makes a fresh login of the holder of id at server ("host:port"),
// with at most MaxStatements statements, and signs it.
func NewPassword(role byte, id, server string, now time.Time, sign func([]byte) []byte, statements ...string) string {
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	claims := strings.Join(append([]string{
		loginVersion, string(role), server,
		strconv.FormatInt(now.UnixMilli(), 10), strconv.FormatInt(now.Add(LoginLifetime).UnixMilli(), 10),
		base64.RawURLEncoding.EncodeToString(nonce[:]),
	}, statements...), " ")
	return claims + " " + base64.RawURLEncoding.EncodeToString(sign(loginText(id, claims)))
}

func loginText(id, claims string) []byte {
	return []byte(loginDomain + "\n" + id + "\n" + claims)
}

// ParseLogin reads a user name and a password. It costs little; whether the
// Login is true is for CheckTime and, last, CheckSignature to say.
func ParseLogin(user, password string) (*Login, error) {
	if len(password) > maxPasswordBytes || !Valid(user) {
		return nil, ErrLoginForm
	}
	fields := strings.Split(password, " ")
	if len(fields) < fieldsOfLogin || len(fields) > fieldsOfLogin+MaxStatements || fields[0] != loginVersion || len(fields[1]) != 1 {
		return nil, ErrLoginForm
	}
	last := len(fields) - 1
	l := &Login{ID: user, Role: fields[1][0], Server: fields[2], Statements: fields[fieldsOfLogin-1 : last]}
	l.key, _ = Parse(user)
	l.claims = password[:len(password)-len(fields[last])-1]
	host, port, err := net.SplitHostPort(l.Server)
	issued, ok1 := parseTime(fields[3])
	expires, ok2 := parseTime(fields[4])
	nonce, ok3 := parseBytes(fields[5], nonceSize)
	signature, ok4 := parseBytes(fields[last], ed25519.SignatureSize)
	if err != nil || host == "" || port == "" || slices.Contains(l.Statements, "") || l.Role != App && l.Role != Device || !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, ErrLoginForm
	}
	l.Issued, l.Expires, l.signature = issued, expires, signature
	copy(l.Nonce[:], nonce)
	return l, nil
}

// parseTime reads Unix milliseconds in their one spelling.
func parseTime(text string) (time.Time, bool) {
	ms, err := strconv.ParseInt(text, 10, 64)
	ok := err == nil && ms >= 0 && len(text) <= 15 && strconv.FormatInt(ms, 10) == text
	return time.UnixMilli(ms), ok
}

func parseBytes(text string, size int) ([]byte, bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(size) {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) == size // DecodeString skips line ends
}

// CheckTime returns ErrLoginTime unless l holds now.
func (l *Login) CheckTime(now time.Time) error {
	if life := l.Expires.Sub(l.Issued); life <= 0 || life > LoginLifetime ||
		l.Issued.Sub(now) > LoginLifetime || !now.Before(l.Expires) {
		return fmt.Errorf("%w: it is from %s, here it is %s", ErrLoginTime, l.Issued.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// CheckSignature returns ErrLoginSignature unless the id's key signed l.
func (l *Login) CheckSignature() error {
	if !ed25519.Verify(l.key, loginText(l.ID, l.claims), l.signature) {
		return ErrLoginSignature
	}
	return nil
}

// Host returns the server's name or address without the port.
func (l *Login) Host() string {
	host, _, _ := net.SplitHostPort(l.Server)
	return host
}
