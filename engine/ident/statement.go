package ident

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// A Statement is what a device signs for an app that is paired with it, or holds
// its ticket: "this app belongs to me". A rendezvous server that knows the device
// then does for the app what it does for the device. It is the text
//
//	1.device.1790000000000.signature
//
// version, the device's id, until when it holds (Unix milliseconds), and the
// Ed25519 signature in base64url. What is signed is
//
//	thingp2p statement of a device about its app
//	<the device's id>
//	<the app's id>
//	<until>
//
// so that it is of use to nobody but the holder of the app's key, who shows it in
// a Login. A device takes none back: it lets them end.
type Statement struct {
	Device string
	Until  time.Time

	key       ed25519.PublicKey
	signature []byte
}

const (
	// StatementLifetime is for how long a device makes one. The app gets another
	// each time that it connects.
	StatementLifetime = 30 * 24 * time.Hour

	// MaxStatementBytes is the length of the longest.
	MaxStatementBytes = 256

	statementVersion = "1"
	statementDomain  = "thingp2p statement of a device about its app"
)

// The reasons for which a Statement does not count.
var (
	ErrStatementForm      = errors.New("not a statement of a device about its app")
	ErrStatementSignature = errors.New("the statement is not signed with the device's key, or is about another app")
)

// NewStatement states for the holder of the device's key that an app belongs to it.
func NewStatement(device, app string, now time.Time, sign func([]byte) []byte) string {
	until := strconv.FormatInt(now.Add(StatementLifetime).UnixMilli(), 10)
	signature := sign(statementText(device, app, until))
	return strings.Join([]string{statementVersion, device, until, base64.RawURLEncoding.EncodeToString(signature)}, ".")
}

func statementText(device, app, until string) []byte {
	return []byte(statementDomain + "\n" + device + "\n" + app + "\n" + until)
}

// ParseStatement reads one. Whether it is true is for Check to say.
func ParseStatement(text string) (*Statement, error) {
	fields := strings.Split(text, ".")
	if len(text) > MaxStatementBytes || len(fields) != 4 || fields[0] != statementVersion || !Valid(fields[1]) {
		return nil, ErrStatementForm
	}
	until, ok1 := parseTime(fields[2])
	signature, ok2 := parseBytes(fields[3], ed25519.SignatureSize)
	if !ok1 || !ok2 {
		return nil, ErrStatementForm
	}
	s := &Statement{Device: fields[1], Until: until, signature: signature}
	s.key, _ = Parse(s.Device)
	return s, nil
}

// Holds reports whether s has not ended, and may have been made by now: the
// device's clock may differ as much as a login's.
func (s *Statement) Holds(now time.Time) bool {
	return now.Before(s.Until) && s.Until.Sub(now) <= StatementLifetime+LoginLifetime
}

// CheckSignature returns ErrStatementSignature unless the device has made s about
// app.
func (s *Statement) CheckSignature(app string) error {
	until := strconv.FormatInt(s.Until.UnixMilli(), 10)
	if !ed25519.Verify(s.key, statementText(s.Device, app, until), s.signature) {
		return ErrStatementSignature
	}
	return nil
}
