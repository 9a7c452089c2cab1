package engine

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/thingp2p/libthingp2p/engine/internal/names"
)

func pasted(server string, hints ...string) names.Ticket {
	t := names.Ticket{DeviceID: testIdentity(1).ID, Secret: [names.SecretSize]byte{1, 2, 3}, Server: server}
	for _, h := range hints {
		t.Hints = append(t.Hints, netip.MustParseAddrPort(h))
	}
	return t
}

func TestEveryUsableServerFitsATicket(t *testing.T) {
	for _, server := range []string{
		"mqtts://user:password@example.org:8883",
		"wss://example.org/path",
		"mqtt://" + strings.Repeat("a", names.MaxServerLength-len("mqtt://")), // the longest
		"ws://example.org/" + strings.Repeat("\u00e9", 80),                    // escaped, each takes six characters
	} {
		d, err := NewDevice(Config{Server: server})
		if err != nil {
			if CodeOf(err) != ErrInvalidParameter {
				t.Errorf("%s: %v", server, err)
			}
			continue
		}
		ticket, err := names.ParseTicket(d.Ticket())
		if err != nil || strings.Contains(ticket.Server, "password") {
			t.Errorf("%s: the ticket %q is for %q, %v", server, d.Ticket(), ticket.Server, err)
		}
		d.Close()
	}
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
	if tickets, err := app.signals(names.WithoutPassword(server)); tickets != own {
		t.Errorf("another connection: %v", err)
	}
	if other, err := app.signals("mqtt://127.0.0.1:99"); err != nil || other == own {
		t.Errorf("to another server: %v", err)
	}
}

// TestWhatPeoplePaste: tickets, ids and names come along with what clings to them.
func TestWhatPeoplePaste(t *testing.T) {
	app, err := NewApp(Config{UID: "user", DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	given := pasted("mqtt://127.0.0.1:9")
	whole, id := given.String(), given.DeviceID
	if err := app.AddDevice("  front door\n", "\t"+whole+"\r\n"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		whole, " " + whole + " ", whole + "\n", "\ufeff" + whole, whole + "\u00a0\u200b", whole + "\r\n\r\n",
		"T2P1." + whole[len(names.TicketPrefix):], "T2p1." + whole[len(names.TicketPrefix):],
		whole[:30] + "\r\n" + whole[30:60] + "\n > "[:1] + whole[60:],
		id, strings.ToUpper(id), "\n" + id + " ", id[:26] + "\n" + id[26:], "\ufeff" + strings.ToUpper(id) + "\r\n",
		"front door", "front door ", "\u2003front door",
	} {
		target, err := app.Resolve(text)
		if err != nil || target.deviceID != id || target.secret == nil || *target.secret != given.Secret || target.server != given.Server {
			t.Errorf("%q: %+v, %v", text, target, err)
		}
	}
	for text, want := range map[string]Code{
		"":                        ErrInvalidID,
		" \n":                     ErrInvalidID,
		"Front Door":              ErrInvalidID, // another name
		"front\ndoor":             ErrInvalidID,
		strings.ToUpper(whole):    ErrInvalidID, // its letters have a case
		whole + "A":               ErrInvalidID,
		strings.Repeat("a", 512):  ErrInvalidParameter,
		strings.Repeat(whole, 10): ErrInvalidParameter,
	} {
		if target, err := app.Resolve(text); CodeOf(err) != want {
			t.Errorf("%q: %+v, %v", text, target, err)
		}
	}
}

// TestNamesNameOneDevice: no name may pretend to be another device than its
// ticket's.
func TestNamesNameOneDevice(t *testing.T) {
	app, err := NewApp(Config{UID: "user", DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	mine, other := pasted(""), pasted("")
	other.DeviceID = testIdentity(2).ID
	for _, name := range []string{
		other.DeviceID, strings.ToUpper(other.DeviceID), " " + other.DeviceID, other.DeviceID[:20] + " " + other.DeviceID[20:],
		"t2p1.", "T2P1.abc", other.String(),
	} {
		if err := app.AddDevice(name, mine.String()); CodeOf(err) != ErrInvalidParameter {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{mine.DeviceID, strings.ToUpper(mine.DeviceID), "name"} {
		if err := app.AddDevice(name, mine.String()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if target, err := app.Resolve(other.DeviceID); err != nil || target.deviceID != other.DeviceID || target.secret != nil {
		t.Errorf("%+v, %v", target, err)
	}
}
