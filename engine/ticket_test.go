package engine

import (
	"encoding/base64"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// Sizes that others rely on.
const (
	ticketBuffer = 512 // THING_P2P_TICKET_SIZE, with the NUL
	qrBytes      = 520 // of a QR code of version 15, level L: 77 modules wide
)

func testTicket(server string, hints ...string) ticket {
	t := ticket{deviceID: testIdentity(1).id, secret: [secretSize]byte{1, 2, 3}, server: server}
	for _, h := range hints {
		t.hints = append(t.hints, netip.MustParseAddrPort(h))
	}
	return t
}

// longestServer has as many characters as a server's address may have.
var longestServer = "mqtt://" + strings.Repeat("a", maxServerLength-len("mqtt://"))

func TestTicketRoundTrip(t *testing.T) {
	for name, want := range map[string]ticket{
		"no server":      testTicket(""),
		"server":         testTicket("mqtt://example.org:1883"),
		"longest server": testTicket(longestServer),
		"hints":          testTicket("wss://example.org", "192.168.1.2:4711", "[fe80::1]:1"),
		"eight hints": testTicket("mqtt://192.168.100.100:1883", "192.168.100.101:50001", "192.168.100.102:50002",
			"192.168.100.103:50003", "192.168.100.104:50004", "192.168.100.105:50005", "192.168.100.106:50006",
			"192.168.100.107:50007", "192.168.100.108:50008"),
	} {
		text := want.String()
		got, err := parseTicket(text)
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
		got, err := parseTicket(text)
		if err != nil || len(text) >= ticketBuffer {
			t.Errorf("a ticket of %d characters: %v", len(text), err)
			continue
		}
		if got.server != server || len(got.hints) == 0 || !reflect.DeepEqual(got.hints, want.hints[:len(got.hints)]) {
			t.Errorf("server %q and hints %v", got.server, got.hints)
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
			if got, err := parseTicket(damaged); err == nil {
				t.Errorf("character %d as %q gives %+v", i, c, got)
			}
		}
		if _, err := parseTicket(whole[:i]); err == nil {
			t.Errorf("the first %d characters are a ticket", i)
		}
		if i+1 < len(whole) && whole[i] != whole[i+1] {
			swapped := whole[:i] + whole[i+1:i+2] + whole[i:i+1] + whole[i+2:]
			if _, err := parseTicket(swapped); err == nil {
				t.Errorf("characters %d and %d may be swapped", i, i+1)
			}
		}
	}
	if _, err := parseTicket(whole + "A"); err == nil {
		t.Error("a ticket may be longer")
	}
}

func TestTicketWithBadContentIsNone(t *testing.T) {
	for name, bad := range map[string]ticket{
		"scheme":       testTicket("http://example.org"),
		"no host":      testTicket("mqtt://"),
		"long server":  testTicket(longestServer + "a"),
		"zone in hint": testTicket("", "[fe80::1%eth0]:1"),
		"mapped hint":  testTicket("", "[::ffff:192.0.2.1]:1"),
	} {
		if _, err := parseTicket(bad.String()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if text := (ticket{deviceID: "nobody"}).String(); text != "" {
		t.Errorf("a ticket for nobody: %q", text)
	}
	nine := testTicket("")
	for range maxHints + 1 {
		nine.hints = append(nine.hints, netip.MustParseAddrPort("[::1]:1"))
	}
	if got, err := parseTicket(nine.String()); err != nil || len(got.hints) != maxHints {
		t.Errorf("%d hints, %v", len(got.hints), err)
	}
}

func TestEveryUsableServerFitsATicket(t *testing.T) {
	for _, server := range []string{
		"mqtts://user:password@example.org:8883",
		"wss://example.org/path",
		longestServer,
		"ws://example.org/" + strings.Repeat("\u00e9", 80), // escaped, each takes six characters
	} {
		d, err := NewDevice(Config{Server: server})
		if err != nil {
			if CodeOf(err) != ErrInvalidParameter {
				t.Errorf("%s: %v", server, err)
			}
			continue
		}
		ticket, err := parseTicket(d.Ticket())
		if err != nil || strings.Contains(ticket.server, "password") {
			t.Errorf("%s: the ticket %q is for %q, %v", server, d.Ticket(), ticket.server, err)
		}
		d.Close()
	}
}

func TestProofBelongsToOneSecretAndOneConnection(t *testing.T) {
	secret, other := [secretSize]byte{1}, [secretSize]byte{2}
	proof := string(proveSecret(secret, []byte("binding")))
	if proof != string(proveSecret(secret, []byte("binding"))) {
		t.Error("a proof cannot be checked")
	}
	if proof == string(proveSecret(other, []byte("binding"))) || proof == string(proveSecret(secret, []byte("bindinG"))) {
		t.Error("a proof is good for something else")
	}
}

// FuzzTicket takes any text, and any content that has the right checksum.
func FuzzTicket(f *testing.F) {
	for _, t := range []ticket{
		testTicket(""), testTicket(longestServer), testTicket("mqtt://[::1]:1", "192.168.1.2:4711", "[fe80::1]:1"),
	} {
		text := t.String()
		f.Add(text)
		raw, _ := base64.RawURLEncoding.DecodeString(text[len(ticketPrefix):])
		f.Add(string(raw[:len(raw)-checksumSize]))
	}
	f.Add("")
	f.Add(ticketPrefix)
	f.Fuzz(func(t *testing.T, input string) {
		signed := ticketPrefix + base64.RawURLEncoding.EncodeToString(append([]byte(input), checksum([]byte(input))...))
		for _, text := range []string{input, signed} {
			got, err := parseTicket(text)
			if err != nil {
				continue
			}
			if len(got.server) > maxServerLength || len(got.hints) > maxHints {
				t.Errorf("%q: server %q, %d hints", text, got.server, len(got.hints))
			}
			again, err := parseTicket(got.String())
			if err != nil || again.deviceID != got.deviceID || again.secret != got.secret || again.server != got.server ||
				!reflect.DeepEqual(again.hints, got.hints) {
				t.Errorf("%+v becomes %+v, %v", got, again, err)
			}
		}
	})
}

// A ticket does not hold the account that a device has at a broker with accounts:
// the app uses its own.
func TestTicketsServerIsReachedWithTheAppsAccount(t *testing.T) {
	const server = "mqtt://alice:secret@127.0.0.1:9"
	app, err := NewApp(Config{UID: "user", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	own, err := app.signals(server)
	if err != nil {
		t.Fatal(err)
	}
	if tickets, err := app.signals(withoutPassword(server)); tickets != own {
		t.Errorf("another connection: %v", err)
	}
	if other, err := app.signals("mqtt://127.0.0.1:99"); err != nil || other == own {
		t.Errorf("to another server: %v", err)
	}
}
