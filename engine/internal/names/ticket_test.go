package names

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/ident"
)

// Sizes that others rely on.
const (
	ticketBuffer = 512 // THING_P2P_TICKET_SIZE, with the NUL
	qrBytes      = 520 // of a QR code of version 15, level L: 77 modules wide
)

// testID is any device's.
var testID = ident.Format(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey))

func testTicket(server string, hints ...string) Ticket {
	t := Ticket{DeviceID: testID, Secret: [SecretSize]byte{1, 2, 3}, Server: server}
	for _, h := range hints {
		t.Hints = append(t.Hints, netip.MustParseAddrPort(h))
	}
	return t
}

// longestServer has as many characters as a server's address may have.
var longestServer = "mqtt://" + strings.Repeat("a", MaxServerLength-len("mqtt://"))

func TestTicketRoundTrip(t *testing.T) {
	for name, want := range map[string]Ticket{
		"no server":      testTicket(""),
		"server":         testTicket("mqtt://example.org:1883"),
		"longest server": testTicket(longestServer),
		"hints":          testTicket("wss://example.org", "192.168.1.2:4711", "[fe80::1]:1"),
		"eight hints": testTicket("mqtt://192.168.100.100:1883", "192.168.100.101:50001", "192.168.100.102:50002",
			"192.168.100.103:50003", "192.168.100.104:50004", "192.168.100.105:50005", "192.168.100.106:50006",
			"192.168.100.107:50007", "192.168.100.108:50008"),
	} {
		text := want.String()
		got, err := ParseTicket(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q is %+v, %v", name, text, got, err)
		}
		if len(text) >= ticketBuffer || len(text) > qrBytes {
			t.Errorf("%s: %d characters are too many", name, len(text))
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
			t.Errorf("%s: character %d is not printable ASCII", name, i)
		}
	}
}

func TestTicketLeavesOutHintsThatDoNotFit(t *testing.T) {
	const long = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"
	for _, server := range []string{"", "mqtt://example.org", longestServer} {
		want := testTicket(server, long, long, long, long, long, long, long, long)
		text := want.String()
		got, err := ParseTicket(text)
		if err != nil || len(text) >= ticketBuffer {
			t.Errorf("a ticket of %d characters: %v", len(text), err)
			continue
		}
		if got.Server != server || len(got.Hints) == 0 || !reflect.DeepEqual(got.Hints, want.Hints[:len(got.Hints)]) {
			t.Errorf("server %q and hints %v", got.Server, got.Hints)
		}
	}
}

func TestDamagedTicketIsNone(t *testing.T) {
	whole := testTicket("mqtt://example.org:1883", "192.168.1.2:4711").String()
	for i := range whole {
		for _, c := range []byte("aAbz09-_.= \n\x00\xff") {
			if whole[i] == c {
				continue
			}
			damaged := whole[:i] + string(c) + whole[i+1:]
			if got, err := ParseTicket(damaged); err == nil {
				t.Errorf("character %d as %q gives %+v", i, c, got)
			}
		}
		if _, err := ParseTicket(whole[:i]); err == nil {
			t.Errorf("the first %d characters are a ticket", i)
		}
		if i+1 < len(whole) && whole[i] != whole[i+1] {
			swapped := whole[:i] + whole[i+1:i+2] + whole[i:i+1] + whole[i+2:]
			if _, err := ParseTicket(swapped); err == nil {
				t.Errorf("characters %d and %d may be swapped", i, i+1)
			}
		}
	}
	if _, err := ParseTicket(whole + "A"); err == nil {
		t.Error("a ticket may be longer")
	}
}

func TestTicketWithBadContentIsNone(t *testing.T) {
	for name, bad := range map[string]Ticket{
		"scheme":       testTicket("http://example.org"),
		"no host":      testTicket("mqtt://"),
		"long server":  testTicket(longestServer + "a"),
		"zone in hint": testTicket("", "[fe80::1%eth0]:1"),
		"mapped hint":  testTicket("", "[::ffff:192.0.2.1]:1"),
	} {
		if _, err := ParseTicket(bad.String()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if text := (Ticket{DeviceID: "nobody"}).String(); text != "" {
		t.Errorf("a ticket for nobody: %q", text)
	}
	nine := testTicket("")
	for range maxHints + 1 {
		nine.Hints = append(nine.Hints, netip.MustParseAddrPort("[::1]:1"))
	}
	if got, err := ParseTicket(nine.String()); err != nil || len(got.Hints) != maxHints {
		t.Errorf("%d hints, %v", len(got.Hints), err)
	}
}

func TestProofBelongsToOneSecretAndOneConnection(t *testing.T) {
	secret, other := [SecretSize]byte{1}, [SecretSize]byte{2}
	proof := string(ProveSecret(secret, []byte("binding")))
	if proof != string(ProveSecret(secret, []byte("binding"))) {
		t.Error("a proof cannot be checked")
	}
	if proof == string(ProveSecret(other, []byte("binding"))) || proof == string(ProveSecret(secret, []byte("bindinG"))) {
		t.Error("a proof is good for something else")
	}
}

// FuzzTicket takes any text, and any content that has the right checksum.
func FuzzTicket(f *testing.F) {
	for _, t := range []Ticket{
		testTicket(""), testTicket(longestServer), testTicket("mqtt://[::1]:1", "192.168.1.2:4711", "[fe80::1]:1"),
	} {
		text := t.String()
		f.Add(text)
		raw, _ := base64.RawURLEncoding.DecodeString(text[len(TicketPrefix):])
		f.Add(string(raw[:len(raw)-ChecksumSize]))
	}
	f.Add("")
	f.Add(TicketPrefix)
	f.Fuzz(func(t *testing.T, input string) {
		signed := TicketPrefix + base64.RawURLEncoding.EncodeToString(append([]byte(input), Checksum([]byte(input))...))
		for _, text := range []string{input, signed} {
			got, err := ParseTicket(text)
			if err != nil {
				continue
			}
			if len(got.Server) > MaxServerLength || len(got.Hints) > maxHints {
				t.Errorf("%q: server %q, %d hints", text, got.Server, len(got.Hints))
			}
			again, err := ParseTicket(got.String())
			if err != nil || again.DeviceID != got.DeviceID || again.Secret != got.Secret || again.Server != got.Server ||
				!reflect.DeepEqual(again.Hints, got.Hints) {
				t.Errorf("%+v becomes %+v, %v", got, again, err)
			}
		}
	})
}
