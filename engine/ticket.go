package engine

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"net/netip"
	"strings"

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
	ticketPrefix    = "t2p1."
	secretSize      = 16
	checksumSize    = 4
	maxServerLength = 200
	maxTicketLength = 511
	maxHints        = 8
)

var errNotATicket = errors.New("not a ticket: copy it again from the device, from its first to its last character")

type ticket struct {
	deviceID string
	secret   [secretSize]byte
	server   string
	hints    []netip.AddrPort
}

// isTicket reports whether s, which a user gave, means to be a ticket.
func isTicket(s string) bool {
	s = unwrapped(s)
	return len(s) >= len(ticketPrefix) && strings.EqualFold(s[:len(ticketPrefix)], ticketPrefix)
}

func (t ticket) String() string {
	key, err := parseID(t.deviceID)
	if err != nil {
		return ""
	}
	hints := t.hintsThatFit()
	var b cryptobyte.Builder
	b.AddBytes(key)
	b.AddBytes(t.secret[:])
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.server)) })
	b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(hints)) })
	body, err := b.Bytes()
	if err != nil {
		return ""
	}
	return ticketPrefix + base64.RawURLEncoding.EncodeToString(append(body, checksum(body)...))
}

// hintsThatFit leaves the last hints out where the ticket would be too long:
// they only save time.
func (t ticket) hintsThatFit() string {
	room := base64.RawURLEncoding.DecodedLen(maxTicketLength-len(ticketPrefix)) -
		(ed25519.PublicKeySize + secretSize + 1 + len(t.server) + 1 + checksumSize)
	room = min(room, math.MaxUint8)
	hints := ""
	for i, h := range t.hints {
		longer := strings.TrimSpace(hints + " " + h.String())
		if i == maxHints || len(longer) > room {
			break
		}
		hints = longer
	}
	return hints
}

// parseTicket reads a ticket as people copy it: see unwrapped; its prefix may be in
// upper case.
func parseTicket(s string) (ticket, error) {
	var t ticket
	s = unwrapped(s)
	if len(s) > maxTicketLength || !isTicket(s) {
		return t, errNotATicket
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s[len(ticketPrefix):])
	if err != nil || len(raw) < checksumSize {
		return t, errNotATicket
	}
	body, sum := raw[:len(raw)-checksumSize], raw[len(raw)-checksumSize:]
	if string(sum) != string(checksum(body)) {
		return t, errNotATicket
	}
	var key, server, hints cryptobyte.String
	in := cryptobyte.String(body)
	if !in.ReadBytes((*[]byte)(&key), ed25519.PublicKeySize) || !in.CopyBytes(t.secret[:]) ||
		!in.ReadUint8LengthPrefixed(&server) || !in.ReadUint8LengthPrefixed(&hints) || !in.Empty() {
		return t, errNotATicket
	}
	t.deviceID = formatID(ed25519.PublicKey(key))
	t.server = string(server)
	if err := CheckServer(t.server); err != nil {
		return ticket{}, err
	}
	for _, hint := range strings.FieldsFunc(string(hints), func(r rune) bool { return r == ' ' }) {
		address, err := netip.ParseAddrPort(hint)
		if err != nil || len(t.hints) == maxHints || address.Addr().Is4In6() || address.Addr().Zone() != "" {
			return ticket{}, errNotATicket
		}
		t.hints = append(t.hints, address)
	}
	return t, nil
}

func checksum(body []byte) []byte {
	sum := sha256.Sum256(body)
	return sum[:checksumSize]
}

// proveSecret shows that the prover holds a ticket's secret, without showing
// it, and only inside one TLS session: the binding comes from that session's
// exporter (RFC 8446, section 7.5).
func proveSecret(secret [secretSize]byte, binding []byte) []byte {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(binding)
	return mac.Sum(nil)
}

// proveOffer shows it with an offer, sealed to the device, for one attempt of one
// app: what it costs to look for paths is for those who may connect.
func proveOffer(secret [secretSize]byte, appID, deviceID, attempt string) []byte {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("offer\n" + appID + "\n" + deviceID + "\n" + attempt))
	return mac.Sum(nil)
}
