// Package names reads what people give to say which device they mean: tickets, ids,
// addresses of servers, and the texts around them.
package names

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"net/netip"
	"strings"

	"github.com/thingp2p/libthingp2p/engine/ident"

	"golang.org/x/crypto/cryptobyte"
)

// A ticket is all that an app needs to reach a device, as one printable string
// that fits a QR code: the prefix, then base64url (RFC 4648, section 5) of
//
//	key         32 bytes   the device's Ed25519 public key, its id
//	secret      16 bytes   proven by the app inside the encrypted session
//	server      1 + n      URL, may be empty
//	hints       1 + n      addresses in the device's LAN, "ip:port" separated by spaces
//	checksum     4 bytes   of SHA-256 over all before, to catch a mistyped ticket
const (
	TicketPrefix    = "t2p1."
	SecretSize      = 16
	ChecksumSize    = 4
	MaxServerLength = 200
	MaxTicketLength = 511
	maxHints        = 8
)

var errNotATicket = errors.New("not a ticket: copy it again from the device, from its first to its last character")

type Ticket struct {
	DeviceID string
	Secret   [SecretSize]byte
	Server   string
	Hints    []netip.AddrPort
}

// IsTicket reports whether s, which a user gave, means to be a ticket.
func IsTicket(s string) bool {
	s = Unwrapped(s)
	return len(s) >= len(TicketPrefix) && strings.EqualFold(s[:len(TicketPrefix)], TicketPrefix)
}

func (t Ticket) String() string {
	key, err := ident.Parse(t.DeviceID)
	if err != nil {
		return ""
	}
	hints := t.hintsThatFit()
	var b cryptobyte.Builder
	b.AddBytes(key)
	b.AddBytes(t.Secret[:])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.Server)) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(hints)) })
	body, err := b.Bytes()
	if err != nil {
		return ""
	}
	return TicketPrefix + base64.RawURLEncoding.EncodeToString(append(body, Checksum(body)...))
}

// hintsThatFit leaves the last hints out where the ticket would be too long:
// they only save time.
func (t Ticket) hintsThatFit() string {
	room := base64.RawURLEncoding.DecodedLen(MaxTicketLength-len(TicketPrefix)) -
		(ed25519.PublicKeySize + SecretSize + 1 + len(t.Server) + 1 + ChecksumSize)
	room = min(room, math.MaxUint8)
	hints := ""
	for i, h := range t.Hints {
		longer := strings.TrimSpace(hints + " " + h.String())
		if i == maxHints || len(longer) > room {
			break
		}
		hints = longer
	}
	return hints
}

// ParseTicket reads a ticket as people copy it: see unwrapped; its prefix may be in
// upper case.
func ParseTicket(s string) (Ticket, error) {
	var t Ticket
	s = Unwrapped(s)
	if len(s) > MaxTicketLength || !IsTicket(s) {
		return t, errNotATicket
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s[len(TicketPrefix):])
	if err != nil || len(raw) < ChecksumSize {
		return t, errNotATicket
	}
	body, sum := raw[:len(raw)-ChecksumSize], raw[len(raw)-ChecksumSize:]
	if string(sum) != string(Checksum(body)) {
		return t, errNotATicket
	}
	var key, server, hints cryptobyte.String
	in := cryptobyte.String(body)
	if !in.ReadBytes((*[]byte)(&key), ed25519.PublicKeySize) || !in.CopyBytes(t.Secret[:]) ||
		!in.ReadUint8LengthPrefixed(&server) || !in.ReadUint8LengthPrefixed(&hints) || !in.Empty() {
		return t, errNotATicket
	}
	t.DeviceID = ident.Format(ed25519.PublicKey(key))
	t.Server = string(server)
	if err := CheckServer(t.Server); err != nil {
		return Ticket{}, err
	}
	for _, hint := range strings.FieldsFunc(string(hints), func(r rune) bool { return r == ' ' }) {
		address, err := netip.ParseAddrPort(hint)
		if err != nil || len(t.Hints) == maxHints || address.Addr().Is4In6() || address.Addr().Zone() != "" {
			return Ticket{}, errNotATicket
		}
		t.Hints = append(t.Hints, address)
	}
	return t, nil
}

func Checksum(body []byte) []byte {
	sum := sha256.Sum256(body)
	return sum[:ChecksumSize]
}

// ProveSecret shows that the prover holds a ticket's secret, without showing
// it, and only inside one TLS session: the binding comes from that session's
// exporter (RFC 8446, section 7.5).
func ProveSecret(secret [SecretSize]byte, binding []byte) []byte {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(binding)
	return mac.Sum(nil)
}

// ProveOffer shows it with an offer, sealed to the device, for one attempt of one
// app: what it costs to look for paths is for those who may connect.
func ProveOffer(secret [SecretSize]byte, appID, deviceID, attempt string) []byte {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("offer\n" + appID + "\n" + deviceID + "\n" + attempt))
	return mac.Sum(nil)
}
