package engine

import (
	"strings"
	"testing"
)

func TestTextShowsWhatItSays(t *testing.T) {
	for text, want := range map[string]bool{
		"alice":                       true,
		"Zoë Müller, 2. Stock":        true,
		"王小明":                         true,
		"می\u200cخواهم":               true, // with a joiner that its language needs
		"👨\u200d👩\u200d👧":             true,
		"a\x00b":                      false,
		"a\nb":                        false,
		"a\x7fb":                      false,
		"next\u0085line":              false,
		"c1\u009b31m":                 false, // a terminal's escape in one character
		"line\u2028separator":         false,
		"paragraph\u2029separator":    false,
		"right\u202eto left":          false,
		"isolated\u2066text\u2069":    false,
		"mark\u200ebetween":           false,
		"\ufeffbyte-order mark":       false,
		"not UTF-8 \xff":              false,
		"overlong \xc0\x80":           false,
		"half of a pair \xed\xa0\x80": false,
	} {
		if isText(text) != want {
			t.Errorf("%q is text: %v", text, !want)
		}
	}
}

// TestWhatPeoplePaste: tickets, ids and names come along with what clings to them.
func TestWhatPeoplePaste(t *testing.T) {
	app, err := NewApp(Config{UID: "user", DisableLAN: true})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	given := testTicket("mqtt://127.0.0.1:9")
	whole, id := given.String(), given.deviceID
	if err := app.AddDevice("  front door\n", "\t"+whole+"\r\n"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		whole, " " + whole + " ", whole + "\n", "\ufeff" + whole, whole + "\u00a0\u200b", whole + "\r\n\r\n",
		"T2P1." + whole[len(ticketPrefix):], "T2p1." + whole[len(ticketPrefix):],
		whole[:30] + "\r\n" + whole[30:60] + "\n > "[:1] + whole[60:],
		id, strings.ToUpper(id), "\n" + id + " ", id[:26] + "\n" + id[26:], "\ufeff" + strings.ToUpper(id) + "\r\n",
		"front door", "front door ", "\u2003front door",
	} {
		target, err := app.Resolve(text)
		if err != nil || target.deviceID != id || target.secret == nil || *target.secret != given.secret || target.server != given.server {
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
	mine, other := testTicket(""), testTicket("")
	other.deviceID = testIdentity(2).id
	for _, name := range []string{
		other.deviceID, strings.ToUpper(other.deviceID), " " + other.deviceID, other.deviceID[:20] + " " + other.deviceID[20:],
		"t2p1.", "T2P1.abc", other.String(),
	} {
		if err := app.AddDevice(name, mine.String()); CodeOf(err) != ErrInvalidParameter {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{mine.deviceID, strings.ToUpper(mine.deviceID), "name"} {
		if err := app.AddDevice(name, mine.String()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if target, err := app.Resolve(other.deviceID); err != nil || target.deviceID != other.deviceID || target.secret != nil {
		t.Errorf("%+v, %v", target, err)
	}
}
